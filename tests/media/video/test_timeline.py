"""Times only grow, stay what they were where they could be, and a constant rate is seen through coarse clocks."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.media.video.timeline import REORDERED, Timeline, counted, repaired


def timeline(ticks: list[int], base: Fraction, nominal: Fraction | None = None, last: int = 1) -> Timeline:
    return Timeline(base, np.array(ticks, np.int64), ticks[-1] + last, nominal)


@given(st.lists(st.one_of(st.none(), st.integers(-1000, 1000)), min_size=1, max_size=40), st.integers(1, 50))
def test_repaired_times_grow(stated: list[int | None], step: int) -> None:
    ticks, made = repaired(stated, step)
    assert len(ticks) == len(stated)
    assert all(after > before for before, after in itertools.pairwise(ticks))
    assert made <= len(stated)


@given(st.sets(st.integers(0, 10_000), min_size=1, max_size=40))
def test_good_times_stay(times: set[int]) -> None:
    assert repaired(sorted(times), 40) == (sorted(times), 0)


def test_what_is_missing_lies_between_its_neighbours() -> None:
    assert repaired([0, None, None, 120, 160], 40) == ([0, 40, 80, 120, 160], 2)
    assert repaired([0, 40, 40, 120], 40) == ([0, 40, 80, 120], 1)
    assert repaired([None, None, 80], 40) == ([0, 40, 80], 2)
    assert repaired([0, 40, None, None], 40) == ([0, 40, 80, 120], 2)
    assert repaired([None, None], 40) == ([0, 40], 2)
    assert repaired([0, 40, 40, 40, 41, 200], 40)[0] == [0, 40, 41, 42, 121, 200]


def test_an_hour_without_times_takes_no_time() -> None:
    assert repaired([0] + [None] * 500_000, 1)[0][-1] == 500_000
    assert len(repaired([0] * 500_000, 1)[0]) == 500_000


@pytest.mark.parametrize("rate", [Fraction(24_000, 1001), Fraction(30_000, 1001), Fraction(25), Fraction(60)])
def test_a_constant_rate_is_seen_through_milliseconds(rate: Fraction) -> None:
    ticks = [round(number / rate * 1000) for number in range(500)]
    assert timeline(ticks, Fraction(1, 1000), rate).constant == rate
    ticks[250] += 2
    assert timeline(ticks, Fraction(1, 1000), rate).constant is None


def test_a_wrong_nominal_rate_is_not_believed() -> None:
    assert timeline([0, 2, 4, 6, 8], Fraction(1, 50), Fraction(30), last=2).constant == 25
    assert timeline([0, 2, 4, 6, 9], Fraction(1, 50), Fraction(30), last=2).constant is None


def test_durations_and_ends() -> None:
    line = timeline([10, 20, 50], Fraction(1, 100), last=5)
    assert [line.duration(number) for number in range(3)] == [Fraction(1, 10), Fraction(3, 10), Fraction(1, 20)]
    assert (line.time(0), line.seconds, line.average) == (Fraction(1, 10), Fraction(45, 100), Fraction(20, 3))


@given(st.integers(1, 60), st.integers(1, 9), st.integers(-5, 5), st.randoms())
def test_mixed_times_are_counted(frames: int, step: int, first: int, drawn: random.Random) -> None:
    mixed = [7 + step * number for number in range(frames)]
    drawn.shuffle(mixed)
    assert counted(mixed, first) == [first + step * number for number in range(frames)]


def test_mixed_times_with_a_pause_keep_it_and_the_last_are_not_believed() -> None:
    paused = [0, 1, 3, 2, 9, 8, *range(10, 10 + 2 * REORDERED)]
    assert counted(paused, 5) == [time + 5 for time in sorted(paused)]
    assert counted([0, 4, 8, 9], 0) == [0, 4, 8, 12]
