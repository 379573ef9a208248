"""All ranks have something to do in each round, and they send as little as can be."""

from __future__ import annotations

import pytest

from greenroom.models.steadydancer.ranks.dealing import rounds, run_of, runs_of


@pytest.mark.parametrize(
    ("passes", "ranks", "dealt"),
    [
        ("c", 2, ["c"]),
        ("cu", 2, ["cu"]),
        ("cup", 2, ["cu", "p"]),
        ("cu", 3, ["c", "u"]),
        ("cup", 3, ["cup"]),
        ("cup", 4, ["cu", "p"]),
        ("cup", 5, ["c", "u", "p"]),
        ("cup", 6, ["cup"]),
        ("cu", 8, ["cu"]),
        ("cuCUpP", 4, ["cuCU", "pP"]),  # of two windows
        ("", 2, []),
    ],
)
def test_as_many_passes_as_ranks_go_into_are_side_by_side(passes: str, ranks: int, dealt: list[str]) -> None:
    assert ["".join(each) for each in rounds(passes, ranks)] == dealt


@pytest.mark.parametrize("ranks", range(1, 9))
@pytest.mark.parametrize("passes", range(1, 13))
def test_no_rank_waits(passes: int, ranks: int) -> None:
    found = list(rounds(range(passes), ranks))
    assert [each for own in found for each in own] == list(range(passes))
    assert all(ranks % len(own) == 0 for own in found)
    assert sum(len(own) / ranks for own in found) == pytest.approx(passes / ranks)


@pytest.mark.parametrize("ranks", range(1, 9))
@pytest.mark.parametrize("total", [5, 8, 30, 52_992, 35_881])
def test_runs_are_all_of_it_in_order(total: int, ranks: int) -> None:
    assert [place for rank in range(ranks) for place in range(total)[run_of(total, rank, ranks)]] == list(range(total))
    assert sum(runs_of(total, ranks)) == total
    assert max(runs_of(total, ranks)) - min(runs_of(total, ranks)) <= 1
