"""What the embedded voice takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import field_validator

from greenroom.inputs import Input, Inputs

if TYPE_CHECKING:
    from collections.abc import Mapping

# What layers above can write; a test there holds them together.
CAPTION_FORMATS = ("srt", "vtt", "ass", "csv", "json")


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


class SpeechInputs(SpeakInputs):
    """A text, how to say it, and what to make of it: where no file name tells."""

    format: Annotated[
        Literal["wav", "flac", "mp3", "opus", "aac", "pcm"],
        Input("Format of the sound; pcm is 24 kHz, 16 bits, little-endian, without a header."),
    ] = "wav"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "Podcast": {"loudness": -16.0, "format": "mp3"},
        "Unhurried": {"speed": 0.85},
        "Quick notice": {"speed": 1.25, "captions": ""},
    }

    captions: Annotated[
        str, Input(f"Captions beside the sound: any of {','.join(CAPTION_FORMATS)}; empty for none.", max_length=64)
    ] = "vtt"

    @field_validator("captions")
    @classmethod
    def _are_known(cls, captions: str) -> str:
        names = dict.fromkeys(name.strip().lower() for name in captions.split(",") if name.strip())
        for name in names:
            if name not in CAPTION_FORMATS:
                raise ValueError(f"there is no caption format {name}; there is {', '.join(CAPTION_FORMATS)}")
        return ",".join(names)

    @property
    def caption_formats(self) -> tuple[str, ...]:
        """The formats of the captions, each once."""
        return tuple(filter(None, self.captions.split(",")))
