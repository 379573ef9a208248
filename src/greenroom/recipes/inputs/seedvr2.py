"""What one asks of SeedVR2: a video or a picture, restored and enlarged."""

from typing import Annotated, Literal

from pydantic import AfterValidator, ValidationInfo, field_validator

from greenroom.inputs import Input, Inputs
from greenroom.recipes.inputs.frames import four_n_plus_one


class RestoreInputs(Inputs):
    """Restoration of a video or a picture, at its own size or a larger one."""

    source: Annotated[str, Input("The video or the picture to restore.", min_length=1, media="video-or-image")]
    height: Annotated[
        int | None, Input("Height of the result; without one, and without a scale, the source's own.", ge=16, unit="px")
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
    window: Annotated[
        int | None,
        Input("Frames restored together, 4n + 1; left out, the whole clip, which takes most memory.", ge=1),
        AfterValidator(four_n_plus_one),
    ] = None
    overlap: Annotated[int, Input("Frames over which neighbouring windows are blended.", ge=0, le=16)] = 0
    seed: Annotated[int, Input("Same seed, same source, same result.", ge=0, le=2**31 - 1)] = 666

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
