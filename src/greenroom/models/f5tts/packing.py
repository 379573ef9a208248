"""Rows of unequal length, laid one behind the other: where each begins, and who computes what of it.

A batch in a rectangle computes its longest row for every row. Packed, only frames that exist are computed; what keeps
rows apart is that attention and convolution know each frame's row.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

# Queries of one tile of attention: measured fastest on an H100 at 1,430 frames, for one row and for thirty-two.
QUERIES = 64
# A graph serves every packing of its bucket. A sixteenth of the size is lost at most, half of that on average.
_FINEST = 64
_ROWS = (1, 4, 32, 128)


@dataclass(frozen=True, slots=True)
class Bucket:
    """The size of a packing: frames in one half, and rows at most. Two halves: conditional, unconditional."""

    frames: int
    rows: int

    @classmethod
    def of(cls, lengths: Sequence[int]) -> Bucket:
        """The smallest bucket that holds rows of these lengths."""
        if len(lengths) > _ROWS[-1]:
            raise ValueError(f"{len(lengths)} rows at once, where {_ROWS[-1]} are the most")
        total = sum(lengths)
        quantum = max(_FINEST, 1 << max(0, total.bit_length() - 5))
        return cls(-(-total // quantum) * quantum, next(rows for rows in _ROWS if rows >= len(lengths)))

    @property
    def tiles(self) -> int:
        """Tiles of queries that any packing of the bucket needs at most, both halves together."""
        return 2 * (self.frames // QUERIES + self.rows)

    def tables(self, whole: Tensor | None = None) -> Tables:
        """The tables of a bucket as views of one tensor, which one copy moves: of ``whole``, else without rows."""
        sizes = [*[2 * self.frames] * 2, *[2 * self.rows] * 2, *[self.tiles] * 2]
        if whole is not None:
            return Tables(whole, *torch.split(whole, sizes))
        tables = self.tables(torch.zeros(sum(sizes), dtype=torch.int32))
        tables.tile_row.fill_(-1)
        return tables


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """Which frame is whose, int32, padded to the bucket. The conditional half comes before the unconditional one.

    whole: all of the others, one behind the other.  position, length: (2 * frames,), each frame's place in its row and
    that row's length; 0 for padding.  row_start, row_length: (2 * rows,).  tile_row, tile_first: (tiles,), which row a
    tile of queries belongs to, -1 for none, and its first query.
    """

    whole: Tensor
    position: Tensor
    length: Tensor
    row_start: Tensor
    row_length: Tensor
    tile_row: Tensor
    tile_first: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Packing:
    """Rows one behind the other. starts: each row's first frame in a half.  tables: on the host."""

    bucket: Bucket
    starts: tuple[int, ...]
    tables: Tables

    @classmethod
    def of(cls, lengths: Sequence[int]) -> Packing:
        """Lay rows of these lengths one behind the other, in both halves alike."""
        bucket = Bucket.of(lengths)
        tables = bucket.tables()
        starts = list(itertools.accumulate(lengths, initial=0))[:-1]
        tiles: list[tuple[int, int, int]] = []
        for half in range(2):
            for place, (start, frames) in enumerate(zip(starts, lengths, strict=True)):
                first, row = half * bucket.frames + start, half * bucket.rows + place
                tables.position[first : first + frames] = torch.arange(frames, dtype=torch.int32)
                tables.length[first : first + frames] = frames
                tables.row_start[row], tables.row_length[row] = first, frames
                tiles += [(frames, row, query) for query in range(0, frames, QUERIES)]
        # The longest rows first: a tile of theirs takes longest, and would otherwise end alone.
        tiles.sort(key=lambda tile: -tile[0])
        tables.tile_row[: len(tiles)] = torch.tensor([row for _, row, _ in tiles], dtype=torch.int32)
        tables.tile_first[: len(tiles)] = torch.tensor([query for _, _, query in tiles], dtype=torch.int32)
        return cls(bucket, tuple(starts), tables)
