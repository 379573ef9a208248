"""A pass that several ranks make: each has a run of its tokens, and attention has all of them.

In front of self-attention queries, keys and values change hands: a rank has all tokens then, of some heads
(arXiv 2309.14509); behind it what they have seen changes hands again. All else is a token's own. Neither tokens nor
heads need to go into ranks: of those some have one more.

What is sent is what counts: of tokens * width numbers a rank of n has 1 / n, and keeps 1 / n of that. Queries, keys and
values go in one message, so that a block has two.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import torch

from greenroom.models.steadydancer.dancer.fixed import Share
from greenroom.models.steadydancer.ranks.dealing import run_of, runs_of
from greenroom.nn.attention import attend

if TYPE_CHECKING:
    from torch import Tensor

    from greenroom.models.steadydancer.dancer.rotary import Grid
    from greenroom.runtime.gang.lane import Lane


def share_of(grid: Grid, heads: int, lane: Lane) -> Share | None:
    """A rank's share of a pass that its lane makes; None for all of it."""
    if lane.size == 1:
        return None
    return Share(run_of(grid.tokens, lane.rank, lane.size), SharedAttention(grid.tokens, heads, lane))


def answered(grid: Grid, lane_size: int) -> tuple[int, ...]:
    """How many tokens of the video each rank of a lane answers."""
    return tuple(len(range(grid.video)[run_of(grid.tokens, rank, lane_size)]) for rank in range(lane_size))


class SharedAttention:
    """Of all tokens to each other, where each rank of a lane has a run of them. tokens, heads: of all ranks."""

    def __init__(self, tokens: int, heads: int, lane: Lane) -> None:
        self._lane = lane
        self._tokens = runs_of(tokens, lane.size)
        self._heads = runs_of(heads, lane.size)

    def __call__(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """query, key, value: (1, heads, own tokens, head_dim).  Returns (1, own tokens, heads * head_dim)."""
        parts = self._gathered((query, key, value))
        return self._dealt(attend(*parts)[0])[None]

    def _gathered(self, own: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """All heads of own tokens to own heads of all tokens: (1, own heads, tokens, head_dim) each."""
        _, heads, tokens, width = own[0].shape
        count, mine = len(own), self._heads[self._lane.rank]
        leaving = own[0].new_empty(tokens * count * heads, width)
        given = [tokens * count * their for their in self._heads]
        for part, their, last in zip(torch.split(leaving, given), self._heads, accumulate(self._heads), strict=True):
            rows = part.view(tokens, count, their, width)
            for place, tensor in enumerate(own):
                rows[:, place] = tensor[0, last - their : last].transpose(0, 1)
        arriving = self._lane.exchanged(leaving, given, [theirs * count * mine for theirs in self._tokens])
        return tuple(part.transpose(0, 1)[None] for part in arriving.view(-1, count, mine, width).unbind(1))

    def _dealt(self, seen: Tensor) -> Tensor:
        """What own heads saw of all tokens, (tokens, own heads * head_dim), to all heads of own tokens."""
        mine, tokens = self._heads[self._lane.rank], self._tokens[self._lane.rank]
        rows = seen.reshape(len(seen) * mine, -1)
        taken = [tokens * theirs for theirs in self._heads]
        arriving = self._lane.exchanged(rows.contiguous(), [theirs * mine for theirs in self._tokens], taken)
        return torch.cat([part.view(tokens, -1) for part in torch.split(arriving, taken)], dim=1)
