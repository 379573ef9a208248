"""What one asks of SteadyDancer: a person in a picture, moved as in a video."""

from typing import Annotated, Literal

from pydantic import AfterValidator, ValidationInfo, field_validator

from greenroom.inputs import Input, Inputs
from greenroom.recipes.inputs.frames import four_n_plus_one

# The prompt that Wan2.1 was trained to stay away from, with SteadyDancer's words against a shaking camera in front.
# It is compared by hash in the tests: another wording gives other results.
NEGATIVE_PROMPT = (
    "镜头晃动，色调艳丽，过曝，静态，细节模糊不清，字幕，风格，作品，画作，画面，静止，整体发灰，最差质量，低质量，JPEG压缩残留，"
    "丑陋的，残缺的，多余的手指，画得不好的手部，画得不好的脸部，畸形的，毁容的，形态畸形的肢体，手指融合，静止不动的画面，"
    "杂乱的背景，三条腿，背景人很多，倒着走"
)


class AnimateInputs(Inputs):
    """A video of the person in a picture, who moves as the one in a driving video does."""

    picture: Annotated[str, Input("A picture of the person; the result begins with it.", min_length=1, media="image")]
    video: Annotated[str, Input("The video whose movements are taken.", min_length=1, media="video")]
    prompt: Annotated[str, Input("What the result shows; the only say over the expression of the face.")]
    negative_prompt: Annotated[str, Input("What the result should not show.")] = NEGATIVE_PROMPT
    size: Annotated[
        Literal["832x480", "1024x576", "1024x800", "1280x720"],
        Input("The area of the result; its proportions are the picture's."),
    ] = "1024x576"
    # The pose extractor reads 300 frames at most, and 297 is the last 4n + 1 below.
    frames: Annotated[
        int,
        Input("Frames to make, 4n + 1, 16 a second; the model learned 81.", ge=5, le=297),
        AfterValidator(four_n_plus_one),
    ] = 81
    steps: Annotated[int, Input("Solver steps: more is slower and cleaner.", ge=1)] = 40
    solver: Annotated[Literal["unipc", "dpm++"], Input("How a step is solved.")] = "unipc"
    shift: Annotated[
        float | None, Input("How long to dwell on the noisy steps; left out, 5, and 3 at 832x480.", gt=0)
    ] = None
    guidance: Annotated[float, Input("How closely to follow the prompt; 1 turns guidance off.", ge=0)] = 5.0
    pose_guidance: Annotated[float, Input("How hard to push away from a wrong pose; 0 turns it off.", ge=0)] = 1.0
    pose_guidance_start: Annotated[float, Input("Share of the steps after which pose guidance begins.", ge=0, le=1)] = (
        0.1
    )
    pose_guidance_end: Annotated[float, Input("Share of the steps at which pose guidance stops.", ge=0, le=1)] = 0.4
    seed: Annotated[
        int | None, Input("Same seed, same inputs, same video; left out, each run differs.", ge=0, le=2**31 - 1)
    ] = None
    pose_seed: Annotated[
        int | None, Input("Seed of the wrong poses that pose guidance pushes away from.", ge=0, le=2**31 - 1)
    ] = None

    @field_validator("pose_guidance_end")
    @classmethod
    def _ends_after_its_start(cls, end: float, info: ValidationInfo) -> float:
        start = info.data.get("pose_guidance_start")
        if start is not None and end < start:
            raise ValueError(f"it lies before pose_guidance_start, {start:g}")
        return end
