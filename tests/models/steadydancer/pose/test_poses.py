"""134 points out of 133, and what of them is shown."""

from __future__ import annotations

import numpy as np
import pytest

from greenroom.models.steadydancer.pose import poses as at
from greenroom.models.steadydancer.pose.poses import MISSING, Poses, nobody, with_neck
from tests.models.steadydancer.pose.bodies import standing


def numbered() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """133 points that tell their numbers."""
    return np.stack([np.arange(133), np.arange(133) / 1000], 1).astype(np.float32)


def test_joints_take_the_order_of_the_skeleton() -> None:
    points, scores = with_neck(numbered(), np.ones(133, np.float32))
    assert points.shape == (134, 2)
    order = points[:, 0].tolist()
    assert order[:1] + order[2:18] == [0, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3]
    assert order[18:] == list(range(17, 133))
    assert order[at.NECK] == 5.5
    assert scores.shape == (134,)


@pytest.mark.parametrize(("left", "right", "sure"), [(0.31, 0.31, 1), (0.31, 0.29, 0), (0.3, 0.9, 0)])
def test_a_neck_is_sure_where_both_shoulders_are(left: float, right: float, sure: float) -> None:
    scores = np.full(133, 0.9, np.float32)
    scores[[5, 6]] = left, right
    assert with_neck(numbered(), scores)[1][at.NECK] == sure


def test_frames_and_people_are_done_together() -> None:
    points = np.stack([numbered(), numbered() + 1])
    made, scores = with_neck(points, np.ones((2, 133), np.float32))
    assert made.shape == (2, 134, 2)
    assert scores.shape == (2, 134)
    assert (made[1] == with_neck(points[1], np.ones(133, np.float32))[0]).all()


def test_joints_that_are_not_seen_keep_their_places_and_points_of_hands_do_not() -> None:
    poses = standing()
    scores = poses.scores.copy()
    scores[0, at.RIGHT_HIP] = 0.35
    scores[0, [92, 93]] = 0.34, 0.35
    scores[0, 24] = 0.1
    shown = Poses(poses.points, scores, poses.width, poses.height).skeletons
    assert not shown.shown[0, at.RIGHT_HIP]
    assert (shown.body == poses.points[:, :18]).all()
    assert shown.hands[0, 0, 0].tolist() == [MISSING, MISSING]
    assert (shown.hands[0, 0, 1] == poses.points[0, 93]).all()
    assert shown.faces[0, 0].tolist() == [MISSING, MISSING]
    assert (poses.points[0, 92] != MISSING).all()  # and nothing is written into the poses themselves


def test_the_left_hand_is_first() -> None:
    poses = standing()
    left, right = poses.skeletons.hands[0]
    assert (left == poses.points[0, 92:113]).all()
    assert (right == poses.points[0, 113:134]).all()


def test_frames_without_the_person_are_known() -> None:
    poses = standing(4)
    points, scores = poses.points.copy(), poses.scores.copy()
    points[[1, 2]], scores[[1, 2]] = nobody(2)
    gaps = Poses(points, scores, poses.width, poses.height)
    assert gaps.missing == (1, 2)
    assert gaps.at([0, 0, 1, 3]).missing == (2,)
    assert not gaps.skeletons.shown[1].any()
    assert (gaps.skeletons.hands[1] == MISSING).all()
