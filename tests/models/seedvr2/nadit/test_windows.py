"""Windows cover a clip exactly once, at every size. Equality with the original: test_parity."""

from __future__ import annotations

from collections import Counter
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from greenroom.models.seedvr2.nadit.windows import Grid, Window, shapes, window_shape, windows

GRIDS = st.tuples(st.integers(1, 45), st.integers(1, 90), st.integers(1, 90))


def cells(window: Window) -> set[Grid]:
    times, heights, widths = (range(*span) for span in window)
    return set(product(times, heights, widths))


@given(GRIDS, st.booleans())
def test_every_token_is_in_one_window(grid: Grid, shifted: bool) -> None:
    found = windows(grid, shifted=shifted)
    assert sum(window.tokens for window in found) == grid[0] * grid[1] * grid[2]
    for axis, extent in enumerate(grid):
        spans = sorted({window[axis] for window in found})
        assert [span[0] for span in spans] == [0, *(span[1] for span in spans[:-1])]
        assert spans[-1][1] == extent
    assert len(set(found)) == len(found)


@given(GRIDS, st.booleans())
def test_no_window_is_larger_than_a_whole_one(grid: Grid, shifted: bool) -> None:
    whole = window_shape(grid)
    for window in windows(grid, shifted=shifted):
        assert all(0 < extent <= most for extent, most in zip(window.shape, whole, strict=True))


def test_a_small_grid_token_by_token() -> None:
    seen = [cell for window in windows((2, 5, 6), shifted=True) for cell in cells(window)]
    assert sorted(seen) == list(product(range(2), range(5), range(6)))


def test_a_larger_frame_has_more_windows_and_not_larger_ones() -> None:
    assert window_shape((6, 45, 80)) == window_shape((6, 67, 120)) == (2, 15, 27)
    assert (len(windows((6, 45, 80), shifted=False)), len(windows((6, 45, 80), shifted=True))) == (27, 64)
    assert (len(windows((6, 67, 120), shifted=False)), len(windows((6, 67, 120), shifted=True))) == (75, 100)


def test_long_clips_have_windows_of_eight_frames() -> None:
    assert [window_shape((frames, 45, 80))[0] for frames in (1, 4, 5, 30, 31, 300)] == [1, 1, 2, 8, 8, 8]


def test_a_frame_of_extreme_proportions_has_windows_too() -> None:
    assert window_shape((1, 1, 20_000))[1] == 1
    assert len(windows((1, 1, 20_000), shifted=True)) > 1


@given(GRIDS, st.booleans())
def test_shapes_are_those_of_the_windows(grid: Grid, shifted: bool) -> None:
    assert shapes(grid, shifted=shifted) == Counter(window.shape for window in windows(grid, shifted=shifted))
