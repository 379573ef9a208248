"""Some of a gang's ranks that do one thing together, while others do another: rows from each of them for each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch.distributed as dist

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


class Lane:
    """Of consecutive ranks. Made by ``Ranks.lane``.

    number: of the lane, from 0.  rank: this one's place in it.  size: how many are in it.  group: theirs; None for all
    ranks, or for one alone.
    """

    def __init__(self, number: int, rank: int, size: int, group: dist.ProcessGroup | None) -> None:
        self.number = number
        self.rank = rank
        self.size = size
        self._group = group

    def exchanged(self, leaving: Tensor, given: Sequence[int], taken: Sequence[int]) -> Tensor:
        """Rows from each rank for each other, those for itself included.

        leaving: (sum of given, ...), contiguous, in the order of who gets them.  given, taken: rows for, and from, each
        rank.  Returns (sum of taken, ...), in the order of whom they come from.
        """
        if self.size == 1:
            return leaving
        arriving = leaving.new_empty(sum(taken), *leaving.shape[1:])
        dist.all_to_all_single(arriving, leaving, list(taken), list(given), self._group)
        return arriving
