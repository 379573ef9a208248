"""Poses are found by two networks in a picture and in the frames of a clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from greenroom.errors import Cancelled, InputInvalid
from greenroom.models.steadydancer.pose import poses as at
from greenroom.models.steadydancer.pose.errors import NobodyFound, PersonNotThere
from greenroom.models.steadydancer.pose.finding import FINDING
from greenroom.models.steadydancer.pose.persons import Choice
from tests.models.steadydancer.pose.bodies import finder, scene

SIZE = (128, 128)


def test_a_person_in_a_picture(tmp_path: Path) -> None:
    found = finder(tmp_path).in_picture(scene((1, 0)))
    assert (found.poses.width, found.poses.height) == (768, 768)
    assert len(found.poses) == 1
    neck = found.poses.points[0, at.NECK]
    assert 0.5 < neck[0] < 1
    [person] = found.people
    assert person.box == pytest.approx((64, -32, 128, 96))  # in the picture's own pixels
    assert found.findings == ()


@pytest.mark.parametrize("batch", [1, 2, "batch"])
def test_a_clip_is_the_same_in_any_batch(batch: int | str, tmp_path: Path) -> None:
    frames = [scene((0, 0)), scene((0, 0)), scene(), scene((0, 0)), scene((0, 0)), scene((0, 0))]
    found = finder(tmp_path, batch=batch).in_clip(iter(frames), SIZE)
    assert found.poses.missing == (2,)
    assert [finding.code for finding in found.findings] == ["person-lost"]
    assert (found.poses.points[0] == found.poses.points[5]).all()
    assert (found.poses.width, found.poses.height) == SIZE


def test_frames_that_come_twice_are_looked_at_once(tmp_path: Path) -> None:
    found = finder(tmp_path).in_clip([scene((0, 0)), scene(), scene((0, 0))], SIZE, places=[0, 0, 1, 1, 2])
    assert found.poses.missing == (2, 3)
    assert "2 to 3" in found.findings[0].message
    with pytest.raises(NobodyFound, match=r"seen in frame 3, 0.19 s later"):
        finder(tmp_path).in_clip([scene(), scene((0, 0))], SIZE, places=[0, 0, 0, 1, 1])
    late = finder(tmp_path).in_clip([scene(), scene((0, 0))], SIZE, places=[0, 0, 0, 1, 1], latest=3)
    assert (late.frame, late.poses.missing) == (3, (0, 1, 2))


def test_one_of_two_is_followed(tmp_path: Path) -> None:
    frames = [scene((0, 0), (1, 1)), scene((1, 1), (0, 0)), scene((0, 0), (1, 1))]
    for number, where in ((1, 0.25), (2, 0.75)):
        found = finder(tmp_path).in_clip(frames, SIZE, Choice("number", number=number))
        shoulders = found.poses.points[:, [at.RIGHT_SHOULDER, at.LEFT_SHOULDER], 0].mean(1)
        assert shoulders == pytest.approx([where] * 3, abs=0.02)
        assert found.findings == ()
    with pytest.raises(PersonNotThere):
        finder(tmp_path).in_clip(frames, SIZE, Choice("number", number=3))


def test_nobody_is_an_error_and_looking_ends_when_somebody_comes(tmp_path: Path) -> None:
    networks = finder(tmp_path, batch=1)
    with pytest.raises(NobodyFound, match="no person in the picture"):
        networks.in_picture(scene())
    frames = iter([scene(), scene(), scene((0, 0)), *[scene()] * 50])
    with pytest.raises(NobodyFound, match=r"frame 2, 0.13 s later"):
        networks.in_clip(frames, SIZE)
    assert len(list(frames)) == 50


def test_no_frames_are_nobody(tmp_path: Path) -> None:
    with pytest.raises(NobodyFound):
        finder(tmp_path).in_clip([], SIZE)


def test_steps_are_told_and_may_stop_it(tmp_path: Path) -> None:
    told: list[tuple[str, float, float]] = []
    frames = [scene((0, 0))] * 5
    finder(tmp_path, batch=1).in_clip(frames, SIZE, count=5, step=lambda *step: told.append(step))
    assert told == [(FINDING, done, 5) for done in range(6)]

    def stop(stage: str, done: float, total: float) -> None:
        if done >= 2:
            raise Cancelled

    rest = iter(frames)
    with pytest.raises(Cancelled):
        finder(tmp_path, batch=1).in_clip(rest, SIZE, count=5, step=stop)


def test_networks_that_are_not_published_are_told_of(tmp_path: Path) -> None:
    networks = finder(tmp_path)
    assert [finding.severity for finding in networks.findings] == ["note", "note"]
    assert all(len(sha256) == 64 for sha256 in networks.networks.values())
    assert set(networks.networks) == {"the person detector", "the keypoint network"}


def test_a_wide_picture_keeps_its_shape(tmp_path: Path) -> None:
    found = finder(tmp_path).in_picture(scene((0, 0), width=192, height=96, cell=96))
    assert (found.poses.width, found.poses.height) == (1072, 528)
    assert np.isfinite(found.poses.points).all()


@pytest.mark.parametrize(("width", "height"), [(1700, 100), (6, 97), (1, 17)])
def test_a_strip_is_refused_before_it_is_enlarged(width: int, height: int, tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match=f"the picture is {width}x{height}, more than 16 times"):
        finder(tmp_path).in_picture(np.zeros((height, width, 3), np.uint8))
