"""Windows dealt out over the ranks of a gang: in each block a rank does its own, and between blocks rows change hands.

Windows, and not heads: what a rank computes in a block is then whole, and a row is sent once, not three times on the
way to attention and once on the way back. Windows are dealt in runs of the published order, width outermost, so that
ranks have strips of the frame, and of rows only those go to another rank that lie beside the border of two strips,
where windows are half a window further in the next block.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING

import torch

from greenroom.models.seedvr2.nadit.layout import Layout, Layouts, Moves, layout_of, text_alone
from greenroom.models.seedvr2.nadit.stream import OnHost, Resident, Stream
from greenroom.models.seedvr2.ranks.dealing import shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from greenroom.models.seedvr2.architecture import Architecture
    from greenroom.models.seedvr2.nadit.grouping import Part
    from greenroom.models.seedvr2.nadit.windows import Grid
    from greenroom.models.seedvr2.nadit.work import Work
    from greenroom.runtime.gang.ranks import Ranks


@lru_cache(maxsize=8)
def lay_out_share(architecture: Architecture, grid: Grid, text: int, rank: int, ranks: int) -> Layouts:
    """The layouts of a rank's share of a clip, on the host; a rank may have no window of a kind. See ``lay_out``."""
    kinds = [_kind(architecture, grid, text, ranks, shifted=shifted) for shifted in (False, True)]
    regular, shifted = ([layout.order for layout in kind] for kind in kinds)
    moves = _moves(shifted, regular, rank, prod(grid)), _moves(regular, shifted, rank, prod(grid))
    return Layouts((kinds[0][rank], kinds[1][rank]), text_alone(architecture, text), (None, None), moves)


class SharedResident(Resident):
    """A rank's share of a stream, on its device."""

    def __init__(self, values: Tensor, most: int | None, ranks: Ranks) -> None:
        super().__init__(values, most)
        self._ranks = ranks

    def sort_for(self, layouts: Layouts, layer: int) -> None:
        """See ``Stream``."""
        self._values = _moved(self._ranks, layouts, layer, self._values)

    def summed(self, heard: Tensor) -> Tensor:
        """See ``Stream``."""
        return self._ranks.summed(heard)


class SharedOnHost(OnHost):
    """A rank's share of a stream, on the host, in the order of the windows of a block."""

    def __init__(self, values: Tensor, device: torch.device, most: int | None, ranks: Ranks) -> None:
        super().__init__(values, device, most)
        self._ranks = ranks

    def sort_for(self, layouts: Layouts, layer: int) -> None:
        """See ``Stream``."""
        self._values = _moved(self._ranks, layouts, layer, self._values)

    def summed(self, heard: Tensor) -> Tensor:
        """See ``Stream``."""
        return self._ranks.summed(heard)

    def _places(self, layout: Layout, part: Part) -> Tensor:
        return torch.arange(part.rows.start, part.rows.stop)


def share_of(values: Tensor, device: torch.device, work: Work, ranks: Ranks) -> Stream:
    """A rank's share of a stream. values: (its tokens, width), where it is to lie."""
    if work.on_host:
        return SharedOnHost(values, device, work.most, ranks)
    return SharedResident(values, work.most, ranks)


def whole_of(own: Tensor, architecture: Architecture, grid: Grid, text: int, layer: int, ranks: Ranks) -> Tensor:
    """The rows of all ranks behind a block, (tokens, any), in the order of the clip, in all ranks. own: this one's."""
    layouts = _kind(architecture, grid, text, ranks.size, shifted=layer % 2 == 1)
    whole = own.new_empty(prod(grid), own.shape[1])
    gathered = ranks.gathered(own, [layout.tokens for layout in layouts])
    for layout, rows in zip(layouts, gathered, strict=True):
        whole[layout.order.to(own.device)] = rows
    return whole


def _moved(ranks: Ranks, layouts: Layouts, layer: int, values: Tensor) -> Tensor:
    """A rank's rows of the block before, (tokens, width), as those of this one."""
    if layouts.moves is None:
        raise ValueError("these layouts are of a clip that nobody shares")
    moves = layouts.moves[layer % 2]
    arriving = ranks.exchanged(values[moves.leaving], moves.given, moves.taken)
    values = values[moves.kept] if len(values) else values.new_empty(len(moves.kept), values.shape[1])
    values[moves.arriving] = arriving
    return values


@lru_cache(maxsize=16)
def _kind(architecture: Architecture, grid: Grid, text: int, ranks: int, *, shifted: bool) -> tuple[Layout, ...]:
    """The layouts of all ranks."""
    dealt = shares(architecture, grid, text, ranks, shifted=shifted)
    count = sum(map(len, dealt))
    return tuple(
        layout_of(architecture, grid, text, own, count) if own else _nothing(architecture, text, count) for own in dealt
    )


def _nothing(architecture: Architecture, text: int, among: int) -> Layout:
    """Of a rank without a window."""
    none = torch.empty(0, dtype=torch.int32)
    return Layout(among, (), none.long(), text_alone(architecture, text)._replace(turns=none, places=none))


def _moves(now: Sequence[Tensor], behind: Sequence[Tensor], rank: int, tokens: int) -> Moves:
    """From the orders of one kind, by rank, to those of the other."""
    owner, row = torch.empty(2, tokens, dtype=torch.int64)
    for number, order in enumerate(now):
        owner[order] = number
        row[order] = torch.arange(len(order))
    own = behind[rank]
    whom = owner[own]
    kept = torch.where(whom == rank, row[own], 0)
    arriving = [torch.nonzero(whom == other)[:, 0] for other in range(len(now))]
    leaving = [row[order[owner[order] == rank]] for order in behind]
    arriving[rank] = leaving[rank] = torch.empty(0, dtype=torch.int64)
    given, taken = (tuple(map(len, each)) for each in (leaving, arriving))
    return Moves(kept, torch.cat(arriving), torch.cat(leaving), given, taken)
