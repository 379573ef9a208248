"""A rank's share of a stream: rows come to whoever has their window, as if one rank had sorted all of them."""

from __future__ import annotations

from math import prod

import pytest
import torch
from torch import Tensor

from greenroom.models.seedvr2.nadit.footprint import Footprint
from greenroom.models.seedvr2.nadit.layout import Layouts, lay_out
from greenroom.models.seedvr2.nadit.windows import Grid
from greenroom.models.seedvr2.nadit.work import WHOLE
from greenroom.models.seedvr2.ranks.shares import lay_out_share
from tests.models.seedvr2.networks import BOTH, V2

GRIDS: tuple[Grid, ...] = ((6, 23, 31), (1, 4, 5), (13, 2, 50))


def exchanged(layouts: list[Layouts], layer: int, rows: list[Tensor]) -> list[Tensor]:
    """What ranks have behind their exchange, done here for all of them."""
    moves = [each.moves[layer % 2] for each in layouts if each.moves is not None]
    sent = [torch.split(own[move.leaving], list(move.given)) for own, move in zip(rows, moves, strict=True)]
    found = []
    for rank, (own, move) in enumerate(zip(rows, moves, strict=True)):
        behind = own[move.kept] if len(own) else own.new_empty(len(move.kept))
        behind[move.arriving] = torch.cat([pieces[rank] for pieces in sent])
        assert tuple(len(pieces[rank]) for pieces in sent) == move.taken
        found.append(behind)
    return found


@pytest.mark.parametrize("ranks", [2, 3, 5])
@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_rows_are_where_their_windows_are(grid: Grid, ranks: int) -> None:
    layouts = [lay_out_share(V2, grid, 5, rank, ranks) for rank in range(ranks)]
    rows = [each.of(0).order for each in layouts]  # each row says which token it is
    assert torch.equal(torch.cat(rows).sort().values, torch.arange(prod(grid)))
    for layer in (1, 2):
        rows = exchanged(layouts, layer, rows)
        for own, each in zip(rows, layouts, strict=True):
            assert torch.equal(own, each.of(layer).order)


@pytest.mark.parametrize("architecture", BOTH, ids=lambda architecture: architecture.design)
def test_a_row_is_turned_as_in_the_whole(architecture: object) -> None:
    assert architecture in BOTH
    whole, shares = lay_out(V2, GRIDS[0], 5), [lay_out_share(V2, GRIDS[0], 5, rank, 3) for rank in range(3)]
    for layer in (0, 1):
        of_all = whole.of(layer)
        angles = torch.empty(of_all.tokens, of_all.placement.tables.cos.shape[1])
        angles[of_all.order] = of_all.placement.tables.cos[of_all.placement.turns]
        for share in shares:
            own = share.of(layer)
            assert own.windows == of_all.windows
            assert torch.equal(own.placement.tables.cos[own.placement.turns], angles[own.order])


def test_each_of_two_ranks_takes_about_half_of_the_memory() -> None:
    one, two = (Footprint(V2, (26, 67, 120), 58, ranks=ranks).bytes(WHOLE) for ranks in (1, 2))
    assert 0.45 < two / one < 0.75
