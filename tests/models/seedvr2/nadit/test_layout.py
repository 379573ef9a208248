"""Rows in the order of windows: every token once, windows whole, and the way from one order to the other."""

from __future__ import annotations

from math import prod

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.models.seedvr2.architecture import Architecture
from greenroom.models.seedvr2.nadit.layout import Layout, lay_out
from greenroom.models.seedvr2.nadit.rotary import window_angles
from greenroom.models.seedvr2.nadit.windows import Grid, windows
from tests.models.seedvr2.networks import BOTH, V1, V2

GRIDS = st.tuples(st.integers(1, 9), st.integers(1, 40), st.integers(1, 40))


def runs(layout: Layout) -> list[list[int]]:
    """The tokens of each window."""
    return [
        sorted(window.tolist())
        for group in layout.groups
        for window in layout.order[group.rows].view(group.windows, group.tokens)
    ]


@settings(max_examples=30, deadline=None)
@given(GRIDS)
def test_each_window_is_a_run_of_rows(grid: Grid) -> None:
    places = torch.arange(prod(grid)).view(grid)
    layouts = lay_out(V2, grid, 5)
    for shifted, layout in enumerate(layouts.by_kind):
        wanted = [
            places[slice(*w.time), slice(*w.height), slice(*w.width)].flatten().tolist()
            for w in windows(grid, shifted=bool(shifted))
        ]
        assert sorted(runs(layout)) == sorted(wanted)
        assert layout.windows == len(wanted)


@settings(max_examples=30, deadline=None)
@given(GRIDS)
def test_sorting_leads_from_one_order_to_the_other(grid: Grid) -> None:
    layouts = lay_out(V1, grid, 5)
    regular, shifted = (layout.order for layout in layouts.by_kind)
    assert torch.equal(layouts.sorted_for(1, regular), shifted)
    assert torch.equal(layouts.sorted_for(2, shifted), regular)


def test_one_window_is_not_sorted() -> None:
    layouts = lay_out(V2, (1, 20, 20), 5)
    assert layouts.sorting == (None, None)
    rows = torch.zeros(400, 1)
    assert layouts.sorted_for(1, rows) is rows


@pytest.mark.parametrize("architecture", BOTH, ids=lambda a: a.name)
def test_angles_lie_beside_their_rows(architecture: Architecture) -> None:
    grid = (3, 22, 22)
    layout = lay_out(architecture, grid, 7).by_kind[1]
    tables, turns, _ = layout.placement
    by_token = torch.empty(layout.tokens, tables.cos.shape[1])
    by_token[layout.order] = tables.cos[turns]
    places = torch.arange(prod(grid)).view(grid)
    for w in windows(grid, shifted=True):
        own = places[slice(*w.time), slice(*w.height), slice(*w.width)].flatten()
        wanted = window_angles(architecture, w.shape, 7)
        assert torch.equal(by_token[own], wanted.cos())


def test_places_leave_room_for_the_text_behind_every_window() -> None:
    layout = lay_out(V2, (3, 22, 22), 7).by_kind[1]
    for most in (None, 200):
        for part in layout.parts(most):
            rows = part.rows.stop - part.rows.start
            taken = torch.zeros(rows + 7 * part.windows)
            taken[layout.placement_of(part).places.long()] = 1
            wanted = [value for group in part.groups for value in group.windows * (group.tokens * [1] + 7 * [0])]
            assert taken.tolist() == wanted
