"""How much memory of the device a step takes beside the weights, told before it begins."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from greenroom.models.seedvr2.architecture import PATCH, Architecture
from greenroom.models.seedvr2.grouping import Part, by_size, groups_of, parts_of
from greenroom.models.seedvr2.windows import Grid, windows
from greenroom.models.seedvr2.work import WHOLE, Work

if TYPE_CHECKING:
    from collections.abc import Iterator

_CELLS = PATCH * PATCH
_AT_ONCE = 3  # parts of a stream on the host that are on the device: one under way each way, and the one worked on
# Bytes of a row: its angle and its place, the place counted from its part; its order and the way to the other kind.
_PLACE, _COUNTED, _INDICES = 8, 4, 16
_HALF = 2  # bytes of a number of half precision


@dataclass(frozen=True, slots=True)
class Footprint:
    """Of one clip.

    grid: its tokens in time, height and width.  text: tokens of the text.  itemsize: bytes of a number.
    """

    architecture: Architecture
    grid: Grid
    text: int
    itemsize: int = _HALF

    def bytes(self, work: Work) -> int:
        """At most, beside the weights and the latent; what libraries take for themselves is not in it."""
        kinds = [by_size(windows(self.grid, shifted=shifted)) for shifted in (False, True)]
        parts = [part for ordered in kinds for part in parts_of(groups_of(ordered), work.most)]
        longest = max(part.tokens for part in parts)
        row, (cells_in, cells_out) = self._width, self._cells
        block = max(self._block(part) for part in parts)
        shapes = {window.shape for window in kinds[0]}, {window.shape for window in kinds[1]}
        angles = sum(prod(shape) for kind in shapes for shape in kind)
        fixed = self._said + angles * self._table + longest * _COUNTED
        first, last = longest * (cells_in + row), longest * (2 * row + cells_out)
        if work.on_host:
            on_device = _AT_ONCE * longest
            held = on_device * (_PLACE + self.itemsize * row)
            return held + fixed + self.itemsize * max(first, block, last)
        tokens = prod(self.grid)
        # Places and orders of both kinds, the ways between them, and the stream; it is sorted into another one.
        kept = tokens * (2 * (_PLACE + _INDICES) + self.itemsize * row)
        ends = max(tokens * cells_in + first, tokens * cells_out + max(last, tokens * cells_out))
        return kept + fixed + self.itemsize * max(ends, block, tokens * row)

    def fitting(self, budget: int) -> Work | None:
        """The fastest way to run within so many bytes, None where there is none."""
        return next((work for work in self._ways() if self.bytes(work) <= budget), None)

    def _ways(self) -> Iterator[Work]:
        """From the fastest to the one that takes the least: half as many tokens at once each time."""
        tokens = prod(self.grid)
        halves = [tokens >> times for times in range(1, tokens.bit_length())]
        yield WHOLE
        yield from (Work(most) for most in halves)
        yield from (Work(most, on_host=True) for most in halves)

    @property
    def _width(self) -> int:
        return self.architecture.width

    @property
    def _cells(self) -> tuple[int, int]:
        """Numbers of a token's patch: of what comes in, of what goes out."""
        return _CELLS * self.architecture.channels_in, _CELLS * self.architecture.latent

    @property
    def _table(self) -> int:
        """Bytes of a row of the tables: cosines and sines of half a head's width, in float32."""
        return 4 * self.architecture.head_dim

    @property
    def _said(self) -> int:
        """Bytes of the text: its stream, its heads, what it heard in float32, its tables."""
        return self.text * (self._width * (4 * self.itemsize + 4) + self._table + _PLACE)

    def _block(self, part: Part) -> int:
        """Numbers that a block holds at most for a part, beside its rows."""
        rows, width = part.tokens, self._width
        room = rows + part.windows * self.text
        largest = max(group.windows * (group.tokens + self.text) for group in part.groups)
        splitting = (rows + 3 * rows + 3 * room) * width
        attending = (3 * room + rows + largest) * width
        mlp = rows * (width + 2 * self.architecture.hidden)
        return max(splitting, attending, mlp)
