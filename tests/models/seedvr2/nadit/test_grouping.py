"""Runs of windows: whole, none left out, and no larger than asked."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.models.seedvr2.nadit.grouping import by_size, groups_of, parts_of, runs_of
from greenroom.models.seedvr2.nadit.windows import Grid, windows

GRIDS = st.tuples(st.integers(1, 9), st.integers(1, 40), st.integers(1, 40))


@settings(max_examples=100, deadline=None)
@given(GRIDS, st.integers(1, 4000), st.booleans())
def test_parts_are_whole_windows_and_no_larger_than_asked(grid: Grid, most: int, shifted: bool) -> None:
    ordered = by_size(windows(grid, shifted=shifted))
    parts = parts_of(groups_of(ordered), most)
    assert [part.rows.start for part in parts] == [0, *(part.rows.stop for part in parts[:-1])]
    assert parts[-1].rows.stop == sum(window.tokens for window in ordered)
    sizes = [group.tokens for part in parts for group in part.groups for _ in range(group.windows)]
    assert sizes == [window.tokens for window in ordered]
    for part in parts:
        assert [group.first for group in part.groups] == [0, *(group.rows.stop for group in part.groups[:-1])]
        assert part.groups[-1].rows.stop == part.tokens
        assert part.tokens <= most or part.windows == 1


def test_a_part_holds_as_many_windows_as_fit() -> None:
    groups = groups_of(by_size(windows((6, 45, 80), shifted=False)))
    assert [group[1:] for group in groups] == [(9, 780), (18, 810)]
    assert [part.windows for part in parts_of(groups, 5000)] == [6, 6, 6, 6, 3]


def test_without_a_limit_there_is_one_part() -> None:
    groups = groups_of(by_size(windows((6, 45, 80), shifted=True)))
    (part,) = parts_of(groups)
    assert part.groups == groups
    assert part.rows == slice(0, 21_600)


@settings(max_examples=100, deadline=None)
@given(GRIDS, st.integers(1, 4000), st.booleans())
def test_runs_of_a_kind_are_counted_and_are_those_of_the_parts(grid: Grid, most: int, shifted: bool) -> None:
    groups = groups_of(by_size(windows(grid, shifted=shifted)))
    runs = runs_of([(group.windows, group.tokens) for group in groups], most)
    assert len(runs) <= 2 * len(groups)
    found = [run.sizes for run in runs for _ in range(run.times)]
    assert found == [tuple((own.windows, own.tokens) for own in part.groups) for part in parts_of(groups, most)]
