"""What one asks of SeedVR2: a video or a picture, restored and enlarged."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, ValidationInfo, field_validator

from greenroom.inputs import Input, Inputs
from greenroom.recipes.inputs.frames import four_n_plus_one
from greenroom.recipes.inputs.video import VideoFileInputs


class RestoreInputs(Inputs):
    """Restoration of a video or a picture, at its own size or a larger one."""

    source: Annotated[str, Input("The video or the picture to restore.", min_length=1, media="video-or-image")]
    height: Annotated[
        int | None,
        Input(
            "Height of the result; without one, and without a scale, the source's own.", ge=16, unit="px", subject=True
        ),
    ] = None
    scale: Annotated[
        float | None, Input("Size of the result beside the source's, instead of a height.", gt=0, unit="x")
    ] = None
    colour: Annotated[
        Literal["wavelet", "adain", "lab", "hsv", "wavelet-adaptive", "none"],
        Input("How to give the result the colours of the source."),
    ] = "wavelet"
    strength: Annotated[
        float,
        Input("How far the result goes from the resized source, 0, to what the model makes of it, 1.", ge=0, le=1),
    ] = 1.0
    shots: Annotated[
        bool, Input("Find the cuts of a video and restore each shot by itself, so that none bleeds into the next.")
    ] = True
    window: Annotated[
        int | None,
        Input("Frames restored together, 4n + 1; left out, a whole shot.", ge=1),
        AfterValidator(four_n_plus_one),
    ] = None
    overlap: Annotated[int, Input("Frames over which neighbouring windows are blended.", ge=0, le=16)] = 0
    alpha: Annotated[
        Literal["refuse", "drop"], Input("What to do about transparency, which no result keeps: refuse it, or drop it.")
    ] = "refuse"
    damaged: Annotated[
        Literal["refuse", "keep"],
        Input("What to do about a video that breaks off: refuse it, or keep the frames that are whole."),
    ] = "refuse"
    fps: Annotated[
        float | None,
        Input("Frames a second of pictures by number, as 24 or 23.976; left out, 25. A video has its own.", gt=0),
    ] = None
    seed: Annotated[int, Input("Same seed, same source, same result.", ge=0, le=2**31 - 1)] = 666

    def pixels_from(self, width: int, height: int) -> int | None:
        """Of the shape of the source, at the height or the scale that is wanted."""
        scale = self.height / height if self.height is not None else self.scale or 1.0
        return round(width * height * scale**2)

    @field_validator("scale")
    @classmethod
    def _one_size(cls, scale: float | None, info: ValidationInfo) -> float | None:
        if scale is not None and info.data.get("height") is not None:
            raise ValueError("height is given too, and one of them is enough")
        return scale

    @field_validator("overlap")
    @classmethod
    def _shorter_than_its_window(cls, overlap: int, info: ValidationInfo) -> int:
        window = info.data.get("window")
        if window is not None and overlap >= window:
            raise ValueError(f"a window of {window} frames overlaps by fewer than that")
        return overlap


class RestoreFileInputs(VideoFileInputs, RestoreInputs):
    """What to restore, how, and what to make of it: where no file name tells."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "Full HD": {"height": 1080},
        "4K": {"height": 2160},
        "Gentle": {"strength": 0.6},
        "For editing": {"format": "mov", "codec": "prores", "quality": "high"},
    }
