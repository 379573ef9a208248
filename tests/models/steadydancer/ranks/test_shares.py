"""Ranks that share a pass see what one device sees, whatever tokens and heads go into."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import torch
from torch import Tensor

from greenroom.models.steadydancer.dancer.rotary import Grid
from greenroom.models.steadydancer.ranks.dealing import run_of
from greenroom.models.steadydancer.ranks.shares import SharedAttention, answered, share_of
from greenroom.nn.attention import attend
from greenroom.runtime.gang.lane import Lane
from tests.models.steadydancer.networks import normal


class Threads(Lane):
    """A lane whose ranks are threads of this process. board: what each of them gives each other."""

    def __init__(self, rank: int, board: list[list[Tensor]], barrier: Barrier) -> None:
        super().__init__(0, rank, len(board), None)
        self._board = board
        self._barrier = barrier

    def exchanged(self, leaving: Tensor, given: Sequence[int], taken: Sequence[int]) -> Tensor:
        assert leaving.is_contiguous()
        self._board[self.rank] = list(torch.split(leaving, list(given)))
        self._barrier.wait(10)
        arriving = [theirs[self.rank] for theirs in self._board]
        assert [len(part) for part in arriving] == list(taken)
        self._barrier.wait(10)
        return torch.cat(arriving)


def shared(parts: Sequence[Tensor], ranks: int) -> Tensor:
    """What all ranks see together."""
    heads, tokens = parts[0].shape[1:3]
    board: list[list[Tensor]] = [[] for _ in range(ranks)]
    barrier = Barrier(ranks)

    def seen(rank: int) -> Tensor:
        attention = SharedAttention(tokens, heads, Threads(rank, board, barrier))
        own = [part[:, :, run_of(tokens, rank, ranks)] for part in parts]
        return attention(*own)

    with ThreadPoolExecutor(ranks) as pool:
        return torch.cat(list(pool.map(seen, range(ranks))), dim=1)


@pytest.mark.parametrize("ranks", [2, 3, 4, 5, 7, 8])
@pytest.mark.parametrize("tokens", [8, 30, 41])
def test_all_see_all_to_the_bit(tokens: int, ranks: int) -> None:
    parts = [normal(tokens, 40, 8, seed=seed).transpose(0, 1)[None] for seed in range(3)]
    assert torch.equal(shared(parts, ranks), attend(*parts))


def test_queries_keys_and_values_may_be_parts_of_one_layer() -> None:
    layer = normal(11, 3 * 5 * 4)
    parts = [part.view(11, 5, 4).transpose(0, 1)[None] for part in layer.chunk(3, dim=1)]
    assert torch.equal(shared(parts, 2), attend(*parts))


def test_a_lane_of_one_shares_nothing() -> None:
    assert share_of(Grid(3, 2, 3), 40, Lane(1, 0, 1, None)) is None


@pytest.mark.parametrize("ranks", range(1, 9))
@pytest.mark.parametrize("grid", [Grid(21, 2, 3), Grid(3, 1, 1), Grid(1, 4, 5)], ids=str)
def test_each_token_of_the_video_is_answered_by_one_rank(grid: Grid, ranks: int) -> None:
    assert sum(answered(grid, ranks)) == grid.video
