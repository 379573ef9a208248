"""What any speech may be asked to become: where no file name tells."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import field_validator

from greenroom.inputs import Input, Inputs

# What layers above can write; a test there holds them together.
CAPTION_FORMATS = ("srt", "vtt", "ass", "csv", "json")

MOST_LETTERS = 100_000
"""Two hours of speech. A book in one request would block a voice for the rest, and lose all of it to one failure."""

LOUDNESS_LUFS = -19.0
"""Podcasts are mastered to -16 LUFS in stereo; a single channel is heard from both speakers, 3 LU louder."""


class SpeechFileInputs(Inputs):
    """The files that are wanted of a speech."""

    format: Annotated[
        Literal["wav", "flac", "mp3", "opus", "aac", "pcm"],
        Input("Format of the sound; pcm is 24 kHz, 16 bits, little-endian, without a header."),
    ] = "wav"
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
