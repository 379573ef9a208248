"""What one asks of SteadyDancer: a person in a picture, moved as in a video."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, ValidationInfo, field_validator, model_validator

from greenroom.errors import InputInvalid, quoted
from greenroom.inputs import Input, Inputs
from greenroom.recipes.inputs.frames import four_n_plus_one

if TYPE_CHECKING:
    from collections.abc import Mapping

# The prompt that Wan2.1 was trained to stay away from, with SteadyDancer's words against a shaking camera in front.
# It is compared by hash in the tests: another wording gives other results.
NEGATIVE_PROMPT = (
    "镜头晃动，色调艳丽，过曝，静态，细节模糊不清，字幕，风格，作品，画作，画面，静止，整体发灰，最差质量，低质量，JPEG压缩残留，"
    "丑陋的，残缺的，多余的手指，画得不好的手部，画得不好的脸部，畸形的，毁容的，形态畸形的肢体，手指融合，静止不动的画面，"
    "杂乱的背景，三条腿，背景人很多，倒着走"
)


MOST_KEYPOINTS = 1_800_000
"""Letters of keypoints in a request; a file of them may be longer."""

LONGEST = 961
"""Frames of a clip at most: a minute. More is possible, and nobody has seen it."""

_NUMBER = re.compile(r"[1-9]\d{0,3}")
_A_PERSON = "give a number such as 2, or a box in pixels: left,top,right,bottom"
_EDGE = r"\s*-?\d{1,6}(?:\.\d{1,6})?\s*"
_BOX = re.compile(",".join([_EDGE] * 4))


def _person(said: str | None, info: ValidationInfo) -> str | None:
    """Refuse what is neither a way to choose, a number nor a box. Raises InputInvalid."""
    if said is None or said in ("surest", "largest") or _NUMBER.fullmatch(said):
        return said
    if not _BOX.fullmatch(said):
        raise InputInvalid(
            f"{info.field_name} is {quoted(said)}: it is neither surest, largest, a number from the left, nor a box",
            mend=_A_PERSON,
        )
    left, top, right, bottom = (float(edge) for edge in said.split(","))
    if left >= right or top >= bottom:
        raise InputInvalid(f"{info.field_name} is {quoted(said)}: the box has no area", mend=_A_PERSON)
    return said


class AnimateInputs(Inputs):
    """A video of the person in a picture, who moves as the one in a driving video does."""

    picture: Annotated[
        str, Input("A picture of the person; the result begins with it.", min_length=1, media="image", subject=True)
    ]
    video: Annotated[
        str | None,
        Input("The video whose movements are taken; its sound is kept.", min_length=1, media="video", subject=True),
    ] = None
    prompt: Annotated[
        str, Input("What the result shows; the only say over the expression of the face.", max_length=10_000)
    ]
    negative_prompt: Annotated[str, Input("What the result should not show.", max_length=10_000)] = NEGATIVE_PROMPT
    preview: Annotated[
        bool,
        Input("Only draw the skeletons over the picture and say what may go wrong: nothing is made.", subject=True),
    ] = False
    size: Annotated[
        Literal["832x480", "1024x576", "1024x800", "1024x1024", "1280x720"],
        Input("The area of the result; its proportions are the picture's."),
    ] = "1024x576"
    frames: Annotated[
        int,
        Input("Frames to make at most, 4n + 1, 16 a second; the model learned 81.", ge=5, le=LONGEST),
        AfterValidator(four_n_plus_one),
    ] = 81
    start: Annotated[float, Input("Where in the video the clip begins.", ge=0, le=86_400, unit="s")] = 0.0
    person: Annotated[
        str | None,
        Input(
            "Whose movements, of several people: surest, largest, a number from the left, or a box in pixels as"
            " left,top,right,bottom; left out, the surest, with a warning.",
            max_length=64,
        ),
        AfterValidator(_person),
    ] = None
    picture_person: Annotated[
        str | None, Input("The same of the people in the picture.", max_length=64), AfterValidator(_person)
    ] = None
    align_frame: Annotated[
        int, Input("Which frame of the clip is fitted to the picture; the others follow it.", ge=0, le=LONGEST - 1)
    ] = 0
    shows: Annotated[
        Literal["person", "skeletons"],
        Input("What the video shows: somebody, or skeletons that are drawn already, as this model knows them."),
    ] = "person"
    skeleton_colours: Annotated[
        Literal["check", "ours", "reversed"],
        Input("Of drawn skeletons: look at their colours, believe them, or swap red and blue."),
    ] = "check"
    negative_video: Annotated[
        str | None,
        Input("Drawn skeletons in wrong poses, beside drawn ones, for pose guidance.", min_length=1, media="video"),
    ] = None
    keypoints: Annotated[
        str | None,
        Input(
            "Keypoints of the person as JSON, OpenPose's or 133 points a person, instead of looking for them.",
            min_length=1,
            max_length=MOST_KEYPOINTS,
        ),
    ] = None
    keypoints_fps: Annotated[
        float, Input("Frames a second of keypoints that have no video beside them.", ge=1, le=240)
    ] = 16.0
    steps: Annotated[int, Input("Solver steps: more is slower and cleaner.", ge=1, le=200)] = 40
    solver: Annotated[Literal["unipc", "dpm++"], Input("How a step is solved.")] = "unipc"
    shift: Annotated[
        float | None, Input("How long to dwell on the noisy steps; left out, 5, and 3 at 832x480.", gt=0, le=100)
    ] = None
    guidance: Annotated[float, Input("How closely to follow the prompt; 1 turns guidance off.", ge=0, le=30)] = 5.0
    pose_guidance: Annotated[float, Input("How hard to push away from a wrong pose; 0 turns it off.", ge=0, le=30)] = (
        1.0
    )
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
    noise: Annotated[
        Literal["cpu", "gpu"],
        Input("Who draws a seed's noise: cpu is the same everywhere, gpu follows seeds that were told of elsewhere."),
    ] = "cpu"
    caching: Annotated[
        float,
        Input("Use answers of the network again where they would change by less than this; 0 never.", ge=0, le=1),
    ] = 0.0
    sound: Annotated[bool, Input("Keep the video's sound.")] = True

    def pixels_from(self, width: int, height: int) -> int | None:
        """Of the setting, whatever shape the picture has."""
        wide, _, tall = self.size.partition("x")
        return int(wide) * int(tall)

    @field_validator("pose_guidance_end")
    @classmethod
    def _ends_after_its_start(cls, end: float, info: ValidationInfo) -> float:
        start = info.data.get("pose_guidance_start")
        if start is not None and end < start:
            raise ValueError(f"it lies before pose_guidance_start, {start:g}")
        return end

    @model_validator(mode="after")
    def _moves(self) -> Self:
        if self.video is None and self.keypoints is None:
            raise InputInvalid(
                "there is neither a video nor keypoints: nothing says how to move", mend="give video, or keypoints"
            )
        return self

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        drawn = self.shows == "skeletons"
        if self.keypoints is not None and drawn:
            raise InputInvalid(
                "keypoints are given, and the video is said to show skeletons: one of them is enough",
                mend="leave keypoints out, or shows",
            )
        if self.negative_video is not None and not drawn:
            raise InputInvalid(
                "negative_video is given, and the video shows a person: wrong poses are made of theirs",
                mend="leave negative_video out, or say shows skeletons",
            )
        if drawn and self.align_frame:
            raise InputInvalid(
                "align_frame is given, and drawn skeletons are not fitted to the picture", mend="leave align_frame out"
            )
        if self.align_frame >= self.frames:
            raise InputInvalid(
                f"align_frame is {self.align_frame}, and the clip has {self.frames} frames at most",
                mend=f"give 0 to {self.frames - 1}",
            )
        return self


class AnimateFileInputs(AnimateInputs):
    """Whom to move, how, and what to make of it: where no file name tells."""

    @model_validator(mode="before")
    @classmethod
    def _has_the_model_s_loras(cls, given: Any) -> Any:
        if isinstance(given, dict) and (named := next((name for name in ("loras", "lora") if name in given), None)):
            raise InputInvalid(
                f"{named} is no input: LoRA files change the model itself, for all clips of a server",
                mend="leave it out, and have the server's setting loras name them: FILE or FILE:STRENGTH",
            )
        return given

    format: Annotated[Literal["mp4", "mov", "mkv", "webm"], Input("Container of the video.")] = "mp4"
    quality: Annotated[
        Literal["draft", "good", "high"], Input("How well the video is kept: better ones are larger.")
    ] = "good"

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "Draft": {"size": "832x480", "steps": 20},
        "As published": {"noise": "gpu", "seed": 106_060},
        "Four steps, with a LoRA for that": {
            "steps": 4,
            "solver": "dpm++",
            "guidance": 1.0,
            "pose_guidance": 0.0,
            "shift": 5.0,
        },
    }
