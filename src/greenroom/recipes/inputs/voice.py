"""What the embedded voice takes."""

from __future__ import annotations

from typing import Annotated

from greenroom.inputs import Input, Inputs


class SpeakInputs(Inputs):
    """A text and how to say it."""

    # Two hours of speech. A book in one request would block a voice for the rest, and lose all of it to one failure.
    text: Annotated[str, Input("What to say.", min_length=1, max_length=100_000)]
    speed: Annotated[float, Input("1 keeps the voice's own pace, 2 is twice as fast.", ge=0.25, le=4.0, unit="x")] = 1.0
    seed: Annotated[int, Input("Same seed, same words, same sound.", ge=0, le=2**31 - 1)] = 0
    # Podcasts are mastered to -16 LUFS in stereo; a single channel is heard from both speakers, 3 LU louder.
    loudness: Annotated[float, Input("How loud the whole is, by EBU R 128.", ge=-40, le=-6, unit="LUFS")] = -19.0
    speaker: Annotated[int | None, Input("Which person, for voices that are several.", ge=0)] = None
    language: Annotated[
        str | None, Input("Language of the text, as espeak-ng names it; the voice's own if not given.")
    ] = None
