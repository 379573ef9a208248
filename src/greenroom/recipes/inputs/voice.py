"""What the embedded voice takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from greenroom.inputs import Input, Inputs
from greenroom.recipes.inputs.speech import LOUDNESS_LUFS, MOST_LETTERS, SpeechFileInputs

if TYPE_CHECKING:
    from collections.abc import Mapping


class SpeakInputs(Inputs):
    """A text and how to say it."""

    text: Annotated[str, Input("What to say.", min_length=1, max_length=MOST_LETTERS)]
    speed: Annotated[float, Input("1 keeps the voice's own pace, 2 is twice as fast.", ge=0.25, le=4.0, unit="x")] = 1.0
    seed: Annotated[int, Input("Same seed, same words, same sound.", ge=0, le=2**31 - 1)] = 0
    loudness: Annotated[float, Input("How loud the whole is, by EBU R 128.", ge=-40, le=-6, unit="LUFS")] = (
        LOUDNESS_LUFS
    )
    speaker: Annotated[int | None, Input("Which person, for voices that are several.", ge=0)] = None
    language: Annotated[
        str | None, Input("Language of the text, as espeak-ng names it; the voice's own if not given.")
    ] = None


class SpeechInputs(SpeechFileInputs, SpeakInputs):
    """A text, how to say it, and what to make of it: where no file name tells."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "Podcast": {"loudness": -16.0, "format": "mp3"},
        "Unhurried": {"speed": 0.85},
        "Quick notice": {"speed": 1.25, "captions": ""},
    }
