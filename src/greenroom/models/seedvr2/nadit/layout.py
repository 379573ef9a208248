"""In which order the tokens of a clip lie, so that every window is a run of rows and windows of a size lie together.

A block's linear layers, norms and MLP treat rows alike, so the stream itself is kept in the order of the block's
windows, and is sorted anew between blocks: one pass over it, where queries, keys, values and the result would be four.
Attention then takes all windows of a size as one batch, without an index.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from math import prod
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from greenroom.models.seedvr2.nadit.grouping import Group, Part, by_size, groups_of, parts_of
from greenroom.models.seedvr2.nadit.rotary import text_angles, window_angles
from greenroom.models.seedvr2.nadit.windows import Grid, Window, windows
from greenroom.nn.heads import Placement
from greenroom.nn.rotary import RotaryTables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.models.seedvr2.architecture import Architecture


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The windows of one kind of block. windows: how many the clip has, here or in other ranks.

    order: int64 (tokens,), for each row the token in (time, height, width) order.  placement: of all rows, when the
    text stands behind each window.
    """

    windows: int
    groups: tuple[Group, ...]
    order: Tensor
    placement: Placement

    @property
    def tokens(self) -> int:
        """Of the clip, or of a rank's share of it."""
        return len(self.order)

    def parts(self, most: int | None = None) -> list[Part]:
        """All windows in runs; see ``parts_of``."""
        return parts_of(self.groups, most) if self.groups else []

    def placement_of(self, part: Part) -> Placement:
        """Of a part's rows; places are counted from its first."""
        return self.placement.of(part.rows)

    def to(self, device: torch.device) -> Layout:
        """The same on a device."""
        return replace(self, order=self.order.to(device), placement=self.placement.to(device))

    def with_angles_on(self, device: torch.device) -> Layout:
        """The same with its angles on a device, and what grows with the clip where it is."""
        return replace(self, placement=self.placement.with_angles_on(device))


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """How a rank's rows of one kind of blocks become those of the other.

    kept: int64 (tokens behind,), for each row the one that it is now; any where it comes from another rank.
    arriving: int64, rows behind that come from others, by whom they come from.  leaving: int64, rows now that others
    get, by who gets them.  given, taken: how many, for and from each rank.
    """

    kept: Tensor
    arriving: Tensor
    leaving: Tensor
    given: tuple[int, ...]
    taken: tuple[int, ...]

    def to(self, device: torch.device) -> Moves:
        """The same on a device."""
        kept, arriving, leaving = (rows.to(device) for rows in (self.kept, self.arriving, self.leaving))
        return replace(self, kept=kept, arriving=arriving, leaving=leaving)


@dataclass(frozen=True, slots=True, eq=False)
class Layouts:
    """All that follows from the size of a clip and the length of its text.

    by_kind: of blocks with regular windows, and with shifted ones.  text: placement of the text alone.  sorting: from
    the rows of one kind to those of the other, int64 (tokens,): the first is for blocks with regular windows behind
    such with shifted ones.  None where both lie alike.  moves: the same where rows go to other ranks, and sorting is
    None.
    """

    by_kind: tuple[Layout, Layout]
    text: Placement
    sorting: tuple[Tensor | None, Tensor | None]
    moves: tuple[Moves, Moves] | None = None

    def of(self, layer: int) -> Layout:
        """Of a block: windows are shifted in every second one."""
        return self.by_kind[layer % 2]

    def sorted_for(self, layer: int, stream: Tensor) -> Tensor:
        """The stream of the block before, (tokens, width), in the order of this one."""
        index = self.sorting[layer % 2]
        return stream if index is None else stream[index]

    def to(self, device: torch.device) -> Layouts:
        """The same on a device."""
        regular, shifted = self.by_kind
        back, forth = (None if index is None else index.to(device) for index in self.sorting)
        moves = None if self.moves is None else (self.moves[0].to(device), self.moves[1].to(device))
        return Layouts((regular.to(device), shifted.to(device)), self.text.to(device), (back, forth), moves)

    def for_host(self, device: torch.device) -> Layouts:
        """The same for a stream on the host: on the device is what does not grow with the clip."""
        regular, shifted = (layout.with_angles_on(device) for layout in self.by_kind)
        return replace(self, by_kind=(regular, shifted), text=self.text.to(device))


@lru_cache(maxsize=8)
def lay_out(architecture: Architecture, grid: Grid, text: int) -> Layouts:
    """The layouts of a clip, on the host. grid: tokens in time, height, width.  text: tokens of the text."""
    regular, shifted = (_layout(architecture, grid, text, shifted=shifted) for shifted in (False, True))
    sorting: tuple[Tensor | None, Tensor | None] = (None, None)
    if not torch.equal(regular.order, shifted.order):
        sorting = _rows(shifted.order)[regular.order], _rows(regular.order)[shifted.order]
    return Layouts((regular, shifted), text_alone(architecture, text), sorting)


def text_alone(architecture: Architecture, text: int) -> Placement:
    """The placement of the text, on the host."""
    own = torch.arange(text, dtype=torch.int32)
    return Placement(_tables(text_angles(architecture, text)), own, own)


def _layout(architecture: Architecture, grid: Grid, text: int, *, shifted: bool) -> Layout:
    all_of_them = windows(grid, shifted=shifted)
    return layout_of(architecture, grid, text, all_of_them, len(all_of_them))


def layout_of(architecture: Architecture, grid: Grid, text: int, own: Sequence[Window], among: int) -> Layout:
    """The layout of some windows, on the host. own: one at least.  among: how many there are in all."""
    ordered = by_size(own)
    tokens = torch.arange(prod(grid)).view(grid)
    order = torch.cat([tokens[tuple(slice(*span) for span in window)].flatten() for window in ordered])
    window_of = torch.repeat_interleave(torch.tensor([window.tokens for window in ordered]))
    places = torch.arange(len(order)) + window_of * text
    # Windows of one shape have the same angles.
    shapes = sorted({window.shape for window in ordered})
    angles = torch.cat([window_angles(architecture, shape, text) for shape in shapes])
    first = dict(zip(shapes, accumulate((prod(shape) for shape in shapes), initial=0), strict=False))
    turns = torch.cat([torch.arange(window.tokens) + first[window.shape] for window in ordered])
    return Layout(among, groups_of(ordered), order, Placement(_tables(angles), turns.int(), places.int()))


def _rows(order: Tensor) -> Tensor:
    """The row of each token."""
    rows = torch.empty_like(order)
    rows[order] = torch.arange(len(order))
    return rows


def _tables(angles: Tensor) -> RotaryTables:
    return RotaryTables(angles.cos(), angles.sin())
