"""The family as it is served, small enough for every test: tiny pose networks that see people in what is red."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pytest
import torch

from greenroom.media.video.images import write_image
from greenroom.models.steadydancer.animating.animator import Animator, Made
from greenroom.models.steadydancer.animating.loras import LoraFile
from greenroom.models.steadydancer.animating.previewing import PoseFiles
from greenroom.models.steadydancer.architecture import PUBLISHED
from greenroom.models.steadydancer.conditions.sizes import SETTINGS
from greenroom.models.steadydancer.dancer.precision import USUAL, notes_of
from greenroom.models.steadydancer.engine import Engine
from greenroom.models.steadydancer.model import SteadyDancerModel
from greenroom.models.steadydancer.parts_synthetic import synthetic_parts, tiny_sizes
from greenroom.models.steadydancer.planning.costs import Networks
from greenroom.models.steadydancer.pose import pictures
from greenroom.models.steadydancer.pose.drawing import drawn
from greenroom.models.steadydancer.pose.pictures import Picture
from greenroom.settings import Settings
from tests.media.video.clips import video
from tests.models.steadydancer.pose.bodies import standing, standing133, write_networks

TINY = ("--model", "tests.models.steadydancer.tiny:TinySteadyDancer", "--device", "cpu")
"""How a command line asks for it."""

RED, GREY = (250, 0, 0), 90


class TinySteadyDancer(SteadyDancerModel):
    """Random weights; the licence is that of the published ones."""

    known: ClassVar[str] = "steadydancer-14b"

    @classmethod
    def pose_files(cls, settings: Settings) -> PoseFiles:
        """Of networks that see people in what is red."""
        return pose_files()

    @classmethod
    def networks(cls, precision: str = USUAL, stored: Mapping[str, int] | None = None) -> Networks:
        """Of the tiny ones."""
        return engine().networks(cls.known)

    @classmethod
    def load(
        cls,
        device: str,
        variant: str | None = None,
        precision: str | None = None,
        loras: Sequence[LoraFile] | None = None,
        *,
        small: bool = False,
    ) -> Self:
        """Nothing is read."""
        notes = notes_of(variant or "fp16", precision or "bf16")
        return cls(animator(Made(cls.known, cls.terms(), notes, weights="tiny", loras=tuple(loras or ()))))


@cache
def engine() -> Engine:
    """One for all tests, on the CPU: nothing changes it."""
    return Engine(synthetic_parts(tiny_sizes(PUBLISHED["steadydancer-14b"]), torch.device("cpu")))


def animator(made: Made | None = None) -> Animator:
    """One that is small enough for every test."""
    return Animator(engine(), lambda: pose_files().load("cpu"), made or Made(TinySteadyDancer.known))


@cache
def pose_files() -> PoseFiles:
    """Written once for a process."""
    detector, keypoints = write_networks(Path(tempfile.mkdtemp(prefix="poses-")))
    return PoseFiles(keypoints, detector)


def person(*columns: int, width: int = 128, height: int = 128) -> Picture:
    """A grey picture in which somebody stands in each of those columns, a half wide; red, and as high as wide."""
    shown = np.full((height, width, 3), GREY, np.uint8)
    side = width // 2
    for column in columns:
        shown[:side, column * side : (column + 1) * side] = RED
    return shown


def picture_file(path: Path, *columns: int, width: int = 128, height: int = 128) -> Path:
    """A picture with people."""
    write_image(path, person(*(columns or (0,)), width=width, height=height))
    return path


def driver_file(
    path: Path, *columns: int, frames: int = 12, rate: int = 16, size: tuple[int, int] = (128, 128)
) -> Path:
    """A video of people who stand still."""
    width, height = size
    shown = person(*(columns or (0,)), width=width, height=height)
    base = Fraction(1, 100 * rate)
    return video(path, frames=frames, rate=Fraction(rate), time_base=base, size=size, draw=lambda _: shown)


def keypoint_frames(frames: int, *, width: int = 128, height: int = 128) -> dict[str, Any]:
    """Keypoints of somebody who stands, as they are written to JSON."""
    points = standing133() * (width, height)
    person = {"keypoints": points.round(2).tolist(), "keypoint_scores": [0.9] * len(points)}
    return {"canvas_width": width, "canvas_height": height, "frames": [{"people": [person]}] * frames}


def skeleton() -> Picture:
    """A drawn one, in the colours that the model knows."""
    poses = standing(1, width=256, height=352)
    return drawn(poses.skeletons, 0, 256, 352)


def small_sizes(patch: pytest.MonkeyPatch | None = None) -> None:
    """Make every setting of sizes that of a stamp, and drawn skeletons small. patch: takes it back; None for never."""
    lasting = patch or pytest.MonkeyPatch()
    for place, name in enumerate(SETTINGS):  # each another area, and the same sides
        lasting.setitem(SETTINGS, name, 64 * 64 + place)
    lasting.setattr(pictures, "AREA", 160 * 160)
