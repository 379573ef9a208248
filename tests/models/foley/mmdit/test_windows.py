"""Windows: all of a clip, none longer than the model knows, each with its part of what was seen."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.models.foley.mmdit.windows import (
    GRID,
    LONGEST,
    OVERLAP,
    Window,
    cuts_on_grid,
    evenly,
    on_grid,
    ramp,
    windows,
)
from greenroom.models.foley.watching.lengths import segments, sync_tokens


@given(st.integers(2, 4000))
def test_windows_reach_over_the_clip_and_overlap(steps: int) -> None:
    length = steps * GRID
    found = windows(length)
    assert found[0].start == 0
    assert found[-1].stop == length
    assert {window.length for window in found} == {found[0].length}
    assert found[0].length <= LONGEST
    for one, other in pairwise(found):
        assert one.stop - other.start >= OVERLAP
        assert other.start > one.start
    assert all(window.start % GRID == window.length % GRID == 0 for window in found)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=12))
def test_sections_have_windows_of_their_own_that_reach_into_the_next(lengths: list[int]) -> None:
    begins = [GRID * sum(lengths[:place]) for place in range(len(lengths))]
    length = GRID * max(2, sum(lengths))
    found = windows(length, begins)
    assert sorted({window.section for window in found}) == list(range(len(lengths)))
    for latent in range(0, length, GRID // 2):
        here = [window for window in found if window.start <= latent < window.stop]
        assert sum(ramp(window, length, latent - window.start) for window in here) > 0
    for one, other in pairwise(found):
        assert one.stop - other.start >= OVERLAP
    assert all(2 * GRID <= window.length <= LONGEST for window in found)


def test_ramps_of_two_neighbours_are_one() -> None:
    one, other = windows(LONGEST + 8 * GRID)
    length = LONGEST + 8 * GRID
    shared = range(other.start, one.stop)
    sums = [ramp(one, length, at) + ramp(other, length, at - other.start) for at in shared]
    if len(shared) == OVERLAP:
        assert sums == pytest.approx([1.0] * OVERLAP)
    assert ramp(one, length, 0) == ramp(other, length, other.length - 1) == 1.0


@given(st.integers(2, 400), st.integers(0, 200))
def test_a_window_shows_what_its_part_of_the_clip_would_alone(size: int, start: int) -> None:
    window = Window(start * GRID, (start + size) * GRID)
    frames = window.length // 2
    assert window.sync.stop - window.sync.start == sync_tokens(frames)
    assert window.sync.start == 8 * start
    clip = (start + size + 5) * 8  # frames of the clip
    assert window.sync.stop <= 8 * segments(clip)
    seen = window.pictures(there := -(-clip * 8 // 25))
    assert seen.stop <= there
    assert abs(seen.start / 8 - window.start / 50) <= 1 / 8


def test_as_many_windows_as_needed_and_no_more() -> None:
    assert windows(LONGEST) == (Window(0, LONGEST),)
    minute = windows(on_grid(3000))
    assert len(minute) == 5
    assert sum(window.length for window in minute) <= 8 * 400
    assert on_grid(3000) == 3008


def test_cuts_stand_on_the_grid_apart_from_each_other_and_from_the_end() -> None:
    assert cuts_on_grid([Fraction(1), Fraction(2)], 160) == (0, 48, 96)
    assert cuts_on_grid([Fraction(1, 100), Fraction(2, 100)], 160) == (0, 16, 32)
    assert cuts_on_grid([Fraction(3), Fraction(31, 10)], 160) == (0, 128, 144)


@given(st.integers(1, 40), st.integers(1, 9))
def test_pieces_are_few_and_of_nearly_one_size(count: int, most: int) -> None:
    pieces = evenly(count, most)
    assert sum(pieces) == count
    assert len(pieces) == -(-count // most)
    assert max(pieces) <= most
    assert max(pieces) - min(pieces) <= 1
