"""What any video may be asked to become: where no file name tells."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ValidationInfo, field_validator

from greenroom.inputs import Input, Inputs

# What layers above can write; a test there holds them together.
CODECS_OF = {
    "mp4": ("h264", "h265", "av1"),
    "mov": ("h264", "h265", "prores"),
    "mkv": ("h264", "h265", "av1", "prores", "ffv1"),
    "webm": ("av1",),
}


class VideoFileInputs(Inputs):
    """The file that is wanted of pictures in motion. A still picture becomes a PNG, whatever these say."""

    format: Annotated[Literal["mp4", "mov", "mkv", "webm"], Input("Container of a video.")] = "mp4"
    codec: Annotated[
        Literal["h264", "h265", "av1", "prores", "ffv1"] | None,
        Input("Codec of a video; left out, the one that fits the source and the container."),
    ] = None
    quality: Annotated[
        Literal["draft", "good", "high", "lossless"], Input("How well a video is kept: better ones are larger.")
    ] = "good"
    bits: Annotated[
        int | None, Input("Bits of each colour in a video, 8 or 10; left out, as the source has.", ge=8, le=10)
    ] = None

    @field_validator("codec")
    @classmethod
    def _fits_its_container(cls, codec: str | None, info: ValidationInfo) -> str | None:
        form = info.data.get("format")
        if codec is not None and form is not None and codec not in CODECS_OF[form]:
            raise ValueError(f"{form} does not hold it; it holds {', '.join(CODECS_OF[form])}")
        return codec

    @field_validator("bits")
    @classmethod
    def _are_written(cls, bits: int | None) -> int | None:
        if bits == 9:
            raise ValueError("videos have 8 or 10")
        return bits
