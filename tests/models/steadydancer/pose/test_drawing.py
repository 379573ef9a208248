"""Skeletons as pictures; to the byte they are in the goldens."""

from __future__ import annotations

import numpy as np

from greenroom.models.steadydancer.pose import poses as at
from greenroom.models.steadydancer.pose.aligning import aligned
from greenroom.models.steadydancer.pose.drawing import COLOURS, LIMBS, drawn, pictures
from greenroom.models.steadydancer.pose.poses import MISSING, Skeletons
from tests.models.steadydancer.pose.bodies import standing, walking


def only(*joints: int, hands: bool = False) -> Skeletons:
    """Someone of whom nothing else is shown."""
    whole = standing().skeletons
    shown = np.zeros((1, 18), np.bool_)
    shown[0, list(joints)] = True
    return Skeletons(whole.body, shown, whole.hands if hands else np.full_like(whole.hands, MISSING), whole.faces)


def colours(skeletons: Skeletons) -> set[tuple[int, ...]]:
    picture = drawn(skeletons, 0, 328, 448)
    return {tuple(int(value) for value in colour) for colour in np.unique(picture.reshape(-1, 3), axis=0)}


def test_the_right_shoulder_is_blue_and_the_nose_red() -> None:
    assert colours(only(at.NECK, at.RIGHT_SHOULDER)) == {(0, 0, 0), (0, 0, 153), COLOURS[1], COLOURS[2]}
    assert (153, 0, 0) in colours(only(at.NECK, at.NOSE))


def test_there_are_18_colours_and_17_limbs() -> None:
    assert len(set(COLOURS)) == 18
    assert COLOURS[:4] == ((0, 0, 255), (0, 85, 255), (0, 170, 255), (0, 255, 255))
    assert COLOURS[-2:] == ((170, 0, 255), (85, 0, 255))
    assert len(LIMBS) == 17
    assert (at.RIGHT_SHOULDER, at.RIGHT_EAR) not in LIMBS


def test_dots_of_hands_are_red() -> None:
    picture = drawn(only(hands=True), 0, 328, 448)
    assert (picture == (255, 0, 0)).all(axis=2).sum() > 400
    assert (drawn(only(), 0, 328, 448) == 0).all()


def test_a_limb_needs_both_of_its_joints() -> None:
    assert colours(only(at.NECK)) == {(0, 0, 0), COLOURS[at.NECK]}


def test_faces_are_not_drawn() -> None:
    assert (drawn(only(), 0, 328, 448) == 0).all()


def test_joints_outside_of_the_picture_are_no_crash() -> None:
    far = standing(box=(-3, -4, 5, 6)).skeletons
    assert drawn(far, 0, 64, 96).shape == (96, 64, 3)
    for away in (1e5, 1e9, 1e30):
        lost = Skeletons(far.body * np.float32(away), far.shown, far.hands * np.float32(away), far.faces)
        assert drawn(lost, 0, 64, 96).shape == (96, 64, 3)


def test_a_clip_is_drawn_at_twice_the_size() -> None:
    made = list(pictures(aligned(standing(width=64, height=96), walking(3))))
    assert [picture.shape for picture in made] == [(192, 128, 3)] * 3
    assert all(picture.any() for picture in made)
