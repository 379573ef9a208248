"""Windows and slices dealt out: all of them, once, in order, and about as much to each rank."""

from __future__ import annotations

from itertools import chain, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.models.seedvr2.architecture import PUBLISHED
from greenroom.models.seedvr2.nadit.windows import windows
from greenroom.models.seedvr2.ranks.dealing import rounds, shares, turns
from greenroom.nn.slices import CUTS

ARCHITECTURE = PUBLISHED["seedvr2-3b"]


@given(st.tuples(st.integers(1, 40), st.integers(1, 70), st.integers(1, 120)), st.integers(2, 9), st.booleans())
def test_each_window_is_one_ranks_in_the_published_order(grid: tuple[int, int, int], ranks: int, shifted: bool) -> None:
    dealt = shares(ARCHITECTURE, grid, 58, ranks, shifted=shifted)
    assert len(dealt) == ranks
    assert tuple(chain(*dealt)) == windows(grid, shifted=shifted)


@pytest.mark.parametrize("shifted", [False, True])
def test_ranks_of_a_long_clip_have_as_many_tokens(shifted: bool) -> None:
    dealt = shares(ARCHITECTURE, (26, 67, 120), 58, 2, shifted=shifted)
    tokens = [sum(window.tokens for window in own) for own in dealt]
    assert min(tokens) / max(tokens) > 0.98


@given(st.integers(1, 300), st.integers(2, 9), st.sampled_from([cut.latents for cut in CUTS]))
def test_slices_follow_each_other_and_go_around(latents: int, ranks: int, most: int) -> None:
    dealt = turns(latents, ranks, most)
    assert dealt[0].first == 0
    assert dealt[-1].stop == latents
    assert all(before.stop == after.first for before, after in pairwise(dealt))
    assert [turn.rank for turn in dealt] == [place % ranks for place in range(len(dealt))]
    assert [turn.begins for turn in dealt] == [True] + [False] * (len(dealt) - 1)
    assert [turn.ends for turn in dealt] == [False] * (len(dealt) - 1) + [True]
    assert all(turn.stop - turn.first <= most + turn.begins for turn in dealt)
    assert dealt[0].stop - dealt[0].first >= min(2, latents)
    assert sum(turn.frames(4) for turn in dealt) == 4 * latents - 3
    assert list(chain(*rounds(dealt, ranks))) == dealt


@pytest.mark.parametrize(("latents", "ranks", "least"), [(26, 2, 1.9), (26, 3, 2.7), (6, 2, 1.7), (101, 4, 3.9)])
def test_no_rank_has_much_more_to_do_than_another(latents: int, ranks: int, least: float) -> None:
    dealt = turns(latents, ranks, 8)
    frames = [sum(turn.frames(4) for turn in dealt if turn.rank == rank) for rank in range(ranks)]
    assert sum(frames) / max(frames) > least


def test_a_clip_of_hours_is_dealt_at_once() -> None:
    assert len(turns(100_000, 2, 8)) == 12_500
