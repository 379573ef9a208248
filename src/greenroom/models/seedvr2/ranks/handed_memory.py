"""What a clip's causal convolutions remember, where the next slice of time is another rank's.

Each slice has a memory of its own. What a convolution reads of the past comes from the rank before, straight into its
window, and what it leaves goes to the next one as soon as it is written: that rank is one convolution behind, and does
not wait for the slice. Both go through the convolutions in the same order, so that nothing needs a name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from greenroom.nn.causal_memory import CausalMemory, Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    from greenroom.runtime.gang.ranks import Ranks

# Every convolution reads so many frames of a clip's first slice at least; more makes no difference to it.
_BEFORE = 2


class HandedMemory(CausalMemory):
    """Of one slice. Whoever goes through the slice sets ``last`` for its end, as if it were the clip's.

    begins, ends: whether the slice is the clip's first, and its last.  given: what was left to the next rank, as
    tensors without values.
    """

    def __init__(self, ranks: Ranks, *, begins: bool, ends: bool) -> None:
        super().__init__()
        self.given: list[Tensor] = []
        self._ranks = ranks
        self._begins = begins
        self._ends = ends

    def carried(self, reader: nn.Module, room: Callable[[], Tensor]) -> Tensor | None:
        """See ``CausalMemory``."""
        kept = super().carried(reader, room)
        if kept is not None or self._begins:
            return kept
        taken = room()
        self._ranks.take(taken)
        return taken

    def carry(self, reader: nn.Module, left: Tensor) -> None:
        """See ``CausalMemory``."""
        super().carry(reader, left)
        if self.last:
            self._give(left)

    def open(self, reader: nn.Module, like: Tensor, channels: int, *, first: int, later: int) -> Window:
        """See ``CausalMemory``."""
        if self._begins or reader in self._read:
            return super().open(reader, like, channels, first=first, later=later)
        frames, height, width, _ = like.shape
        window = Window(like.new_empty(later + frames, height, width, channels), later, _BEFORE)
        if later:
            self._ranks.take(window.whole[:later])
        return window

    def close(self, reader: nn.Module, window: Window, later: int) -> Tensor:
        """See ``CausalMemory``."""
        whole = super().close(reader, window, later)
        if self.last and later:
            self._give(whole[-later:])
        return whole

    def _give(self, left: Tensor) -> None:
        if not self._ends:
            self.given.append(torch.empty_like(left, device="meta"))
            self._ranks.give(left)
