"""Skeletons for a source: found once, fitted, drawn; and what is told of them."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greenroom.models.steadydancer.animating.posing import DRIVER, PICTURE, Posed, frame_at, pose
from greenroom.models.steadydancer.animating.previews import pictures_of
from greenroom.models.steadydancer.animating.sources import look
from greenroom.models.steadydancer.pose.errors import NobodyFound
from greenroom.models.steadydancer.pose.finding import FINDING, PoseFinder
from greenroom.recipes.inputs.steadydancer import AnimateInputs
from tests.media.video.clips import video
from tests.models.steadydancer.tiny import driver_file, person, picture_file, pose_files, small_sizes


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    small_sizes(monkeypatch)


@pytest.fixture(scope="module")
def finder() -> PoseFinder:
    return pose_files().load("cpu")


def asked(folder: Path, *people: int, **more: Any) -> AnimateInputs:
    picture, video = picture_file(folder / "me.png"), driver_file(folder / "dance.mp4", *people)
    return AnimateInputs.check({"picture": str(picture), "video": str(video), "prompt": "", **more})


def posed(finder: PoseFinder, inputs: AnimateInputs, seed: int = 1, **more: Any) -> Posed:
    return pose(look(inputs), inputs, finder, seed, **more)


def test_skeletons_of_every_frame_and_wrong_ones_of_a_seed(tmp_path: Path, finder: PoseFinder) -> None:
    inputs = asked(tmp_path)
    one, same, other = (posed(finder, inputs, seed) for seed in (1, 1, 2))
    assert len(one.skeletons) == 9
    assert one.negative is not None
    assert same.negative is not None
    assert other.negative is not None
    assert np.array_equal(one.negative[4], same.negative[4])
    assert not np.array_equal(one.negative[4], other.negative[4])
    assert np.array_equal(one.skeletons[4], other.skeletons[4])
    assert one.networks == finder.networks


def test_who_was_found_is_not_looked_for_again(tmp_path: Path, finder: PoseFinder) -> None:
    inputs, kept = asked(tmp_path, 0, 1), tmp_path / "kept"
    kept.mkdir()
    stages: list[str] = []
    first = posed(finder, inputs, kept=kept, step=lambda stage, *_: stages.append(stage))
    assert set(stages) == {FINDING}
    again = posed(finder, inputs, kept=kept, step=lambda *_: pytest.fail("it was found already"))
    assert again.findings == first.findings
    assert again.facts == first.facts
    assert np.array_equal(again.skeletons[8], first.skeletons[8])


def test_what_is_told_is_json_and_warnings_come_first(tmp_path: Path, finder: PoseFinder) -> None:
    found = posed(finder, asked(tmp_path, 0, 1))
    told = json.loads(json.dumps(found.facts))
    assert set(told["people"]) == {PICTURE, DRIVER}
    assert [one["number"] for one in told["people"][DRIVER]] == [1, 2]
    assert len(told["ratios"]) == 10
    assert [one.severity for one in found.findings] == ["warning", "note", "note"]


def test_who_comes_in_late_is_fitted_by_the_frame_that_decides(tmp_path: Path, finder: PoseFinder) -> None:
    shown = [person(*(() if number < 4 else (0, 1))) for number in range(12)]
    clip = video(
        tmp_path / "late.mp4", frames=12, rate=Fraction(16), size=(128, 128), draw=lambda number: shown[number]
    )
    given = {"picture": str(picture_file(tmp_path / "me.png")), "video": str(clip), "prompt": ""}
    with pytest.raises(NobodyFound, match="frame 0 of the driver; the first is seen in frame 4"):
        posed(finder, AnimateInputs.check(given))
    inputs = AnimateInputs.check({**given, "align_frame": 6})
    found = posed(finder, inputs)
    assert [bool(one.any()) for one in found.skeletons] == [number >= 4 for number in range(9)]
    assert (found.chosen_in, len(found.people[DRIVER])) == (4, 2)
    frame = frame_at(look(inputs), found.chosen_in)
    assert frame is not None
    assert np.abs(frame.astype(int) - person(0, 1)).mean() < 12
    assert set(pictures_of(look(inputs), found)) == {"", "-frames", "-people"}


def test_the_first_frame_is_that_of_the_clip(tmp_path: Path) -> None:
    source = look(asked(tmp_path, start=0.1))
    frame = frame_at(source, 0)
    assert frame is not None
    assert np.abs(frame.astype(int) - person(0)).mean() < 12
