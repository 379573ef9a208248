"""Pictures that come one after another are there by their numbers, and made anew only when that must be."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from greenroom.models.steadydancer.animating.sequences import Drawn, Replayed
from greenroom.models.steadydancer.pose.aligning import aligned
from greenroom.models.steadydancer.pose.drawing import pictures
from greenroom.models.steadydancer.pose.pictures import Picture
from greenroom.models.steadydancer.sampling.windows import windows
from tests.models.steadydancer.pose.bodies import standing, walking

FRAMES = 209
"""Of a clip in three windows, which overlap by as little as they may."""


class Film:
    """A frame's pixels say its number."""

    def __init__(self) -> None:
        self.begun = self.drawn = 0

    def __call__(self) -> Iterator[Picture]:
        self.begun += 1
        for number in range(FRAMES):
            self.drawn += 1
            yield np.full((1, 1, 3), number, np.uint8)


def test_windows_of_a_long_clip_are_played_once() -> None:
    film = Film()
    shown = Replayed(film, FRAMES)
    for window in windows((FRAMES - 1) // 4 + 1):
        assert [int(shown[number][0, 0, 0]) for number in window.pictures] == list(window.pictures)
    assert (film.begun, film.drawn) == (1, FRAMES)


def test_what_lies_further_back_begins_anew() -> None:
    film = Film()
    shown = Replayed(film, FRAMES)
    assert [int(shown[number][0, 0, 0]) for number in (90, 0, 89, 3, 4)] == [90, 0, 89, 3, 4]
    assert film.begun == 2
    assert len(shown) == FRAMES
    assert int(shown[-1][0, 0, 0]) == FRAMES - 1
    assert [int(one[0, 0, 0]) for one in shown[1:4]] == [1, 2, 3]
    for beyond in (FRAMES, -FRAMES - 1):
        with pytest.raises(IndexError):
            shown[beyond]


def test_all_of_it_is_listed() -> None:
    assert [int(one[0, 0, 0]) for one in Replayed(Film(), 9)] == list(range(9))


def test_skeletons_are_drawn_when_they_are_asked_for() -> None:
    driver = walking(5)
    fitted = aligned(standing(), driver)
    asked = Drawn(fitted)
    whole = list(pictures(fitted))
    assert len(asked) == 5
    assert all(np.array_equal(asked[place], whole[place]) for place in (3, 0, -1))
    assert np.array_equal(asked[1:3][1], whole[2])
    with pytest.raises(IndexError):
        asked[5]
