"""A preview shows the skeleton over the picture, ratios and warnings; and gives the same as data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from greenroom.findings import Finding
from greenroom.models.steadydancer.pose import poses as at
from greenroom.models.steadydancer.pose.aligning import aligned
from greenroom.models.steadydancer.pose.persons import Person
from greenroom.models.steadydancer.pose.poses import Poses, nobody
from greenroom.models.steadydancer.pose.preview import Preview, preview, with_people
from greenroom.models.steadydancer.pose.watching import Found
from tests.models.steadydancer.pose.bodies import standing, walking

REFERENCE = standing(width=320, height=448)
GREY = np.full((224, 160, 3), 200, np.uint8)


def shown(driver: Poses, frames: int = 8) -> Preview:
    return preview(GREY, Found(REFERENCE), Found(driver), aligned(REFERENCE, driver), frames=frames)


def test_the_skeleton_lies_over_a_darker_picture() -> None:
    made = shown(walking(5))
    assert made.picture.dtype == np.uint8
    assert made.picture.shape[0] == 768
    left = made.picture[:, :549]
    assert (left == 110).all(axis=2).mean() > 0.8  # the picture, at 55 %
    blue = (left[..., 2] > 200) & (left[..., 0] < 40) & (left[..., 1] < 40)
    assert blue.sum() > 50  # the right shoulder, bright


def test_ratios_and_warnings_come_as_data_too() -> None:
    driver = walking(5)
    scores = driver.scores.copy()
    scores[:, at.LEFT_HIP] = 0
    made = shown(Poses(driver.points, scores, driver.width, driver.height))
    assert made.ratios == aligned(REFERENCE, driver).ratios
    assert [finding.code for finding in made.findings] == ["hips-missing"]
    red = (made.picture[:, 560:, 0] > 200) & (made.picture[:, 560:, 1] < 150)
    assert red.any()
    assert not ((shown(driver).picture[:, 560:, 0] > 200) & (shown(driver).picture[:, 560:, 1] < 150)).any()


def test_findings_of_both_come_first() -> None:
    driver = walking(3)
    note = shown(driver)
    assert note.findings == ()
    several = Finding("several-people", "warning", "the picture has 2 people … ünïcode", "choose one")
    made = preview(
        GREY, replace(Found(REFERENCE), findings=(several,)), Found(driver), aligned(REFERENCE, driver), frames=2
    )
    assert made.findings == (several,)


@pytest.mark.parametrize(
    ("frames", "asked", "tiles"), [(5, 8, (4, 2)), (3, 8, (3, 1)), (81, 8, (4, 2)), (9, 1, (1, 1))]
)
def test_a_sheet_has_frames_from_first_to_last(frames: int, asked: int, tiles: tuple[int, int]) -> None:
    sheet = shown(walking(frames), asked).sheet
    columns, rows = tiles
    assert sheet.shape == (rows * (256 + 22), columns * 183, 3)


def test_frames_without_the_person_are_marked() -> None:
    driver = walking(3)
    points, scores = driver.points.copy(), driver.scores.copy()
    points[[1]], scores[[1]] = nobody(1)
    sheet = shown(Poses(points, scores, driver.width, driver.height)).sheet
    caption = sheet[256:, 183:366]
    assert ((caption[..., 0] > 200) & (caption[..., 1] < 150)).any()
    picture = sheet[:256, 183:366]
    assert (picture == 110).all()


def test_people_are_numbered_in_the_picture_also_where_their_boxes_leave_it() -> None:
    people = [Person(1, (-20, -30, 60, 150), 0.9), Person(2, (80, 10, 150, 220), 0.8)]
    shown = with_people(GREY, people)
    assert (GREY == 200).all()  # and nothing is drawn into the given one
    changed = (shown != 200).any(axis=2)
    assert changed[:40, :30].any()  # the number of whom begins outside
    assert changed[100, 60]
    assert changed[100, 80]
    assert not changed[160:, :70].any()
    alike = with_people(np.full_like(GREY, shown[10, 80]), people)  # clothes of the boxes' own colour
    assert (alike[10:50, 80:110] != shown[10, 80]).any()


def test_many_warnings_make_it_higher() -> None:
    driver = walking(3)
    points = driver.points.copy()
    points[:, :18] = np.linspace(0.49, 0.51, 36).reshape(18, 2)
    made = shown(Poses(points, driver.scores * 0.1, driver.width, driver.height))
    assert len(made.findings) > 5
    assert made.picture.shape[0] >= 768
