"""Negative poses are drawn by chance, and by the same chance for the same seed."""

from __future__ import annotations

import random

import numpy as np
import pytest

from greenroom.models.steadydancer.pose import poses as at
from greenroom.models.steadydancer.pose.negative import negative
from tests.models.steadydancer.pose.bodies import walking

SKELETONS = walking(6).skeletons


def test_a_seed_gives_one_clip() -> None:
    one, again, other = negative(SKELETONS, 7), negative(SKELETONS, 7), negative(SKELETONS, 8)
    assert (one.body == again.body).all()
    assert (one.hands == again.hands).all()
    assert (one.body != other.body).any()


def test_every_frame_has_chances_of_its_own_around_its_neck() -> None:
    made = negative(SKELETONS, 7)
    assert made.body[:, at.NECK] == pytest.approx(SKELETONS.body[:, at.NECK], abs=1e-6)
    from_neck = SKELETONS.body[:, at.LEFT_ANKLE] - SKELETONS.body[:, at.NECK]
    stretched = (made.body[:, at.LEFT_ANKLE] - made.body[:, at.NECK]) / from_neck
    assert len({round(float(value), 4) for value in stretched[:, 1]}) == 6
    assert ((stretched[:, 1] >= 0.7) & (stretched[:, 1] <= 1.3)).all()
    assert ((stretched[:, 0] / stretched[:, 1] >= 0.6) & (stretched[:, 0] / stretched[:, 1] <= 1.4)).all()


def test_faces_move_with_the_neck_and_keep_their_size() -> None:
    made = negative(SKELETONS, 7)
    assert np.ptp(made.faces, axis=1) == pytest.approx(np.ptp(SKELETONS.faces, axis=1), abs=1e-5)
    assert (made.shown == SKELETONS.shown).all()


def test_nobody_elses_chance_is_touched() -> None:
    random.seed(3)
    expected = random.random()
    random.seed(3)
    negative(SKELETONS, 7)
    assert random.random() == expected


def test_a_longer_clip_begins_as_a_shorter_one() -> None:
    longer = negative(walking(9).skeletons, 7)
    assert (longer.body[:6] == negative(SKELETONS, 7).body).all()
