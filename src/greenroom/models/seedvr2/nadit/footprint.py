"""How much memory of the device a step takes beside the weights, told before it begins."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from greenroom.models.seedvr2.architecture import PATCH, Architecture
from greenroom.models.seedvr2.nadit.grouping import Run, runs_of
from greenroom.models.seedvr2.nadit.windows import Grid, shapes
from greenroom.models.seedvr2.nadit.work import WHOLE, Work
from greenroom.models.seedvr2.ranks.dealing import shares

if TYPE_CHECKING:
    from collections.abc import Iterator

_CELLS = PATCH * PATCH
_AT_ONCE = 3  # parts of a stream on the host that are on the device: one under way each way, and the one worked on
# Bytes of a row: its angle and its place, the place counted from its part; its order and the way to the other kind.
_PLACE, _COUNTED, _INDICES = 8, 4, 16
_HALF, _FLOAT = 2, 4  # bytes of a number
_LANES = 2  # to the device and back, each with memory that is pinned
_PINNED = 2  # torch takes a power of two of pinned memory for each tensor


@dataclass(frozen=True, slots=True)
class Footprint:
    """Of one clip.

    grid: its tokens in time, height and width.  text: tokens of the text.  itemsize: bytes of a number.  ranks: those
    that go through it together; told is what the one takes that has the most.
    """

    architecture: Architecture
    grid: Grid
    text: int
    itemsize: int = _HALF
    ranks: int = 1

    def bytes(self, work: Work) -> int:
        """At most, beside the weights and the latent; what libraries take for themselves is not in it."""
        kinds, runs = self._kinds, self._runs(work)
        longest = _longest(runs)
        row, (cells_in, cells_out) = self._width, self._cells
        block = max(self._block(run) for run in runs)
        angles = sum(prod(shape) for kind in kinds for shape in kind)
        fixed = self._said + angles * self._table + longest * _COUNTED
        first, last = longest * (cells_in + row), longest * (2 * row + cells_out)
        if work.on_host:
            on_device = _AT_ONCE * longest
            held = on_device * (_PLACE + self.itemsize * row)
            return held + fixed + self.itemsize * max(first, block, last)
        whole = prod(self.grid)
        tokens = max(_tokens(kind) for kind in self._shares(kinds))
        # Places and orders of both kinds, the ways between them, and the stream; it is sorted into another one.
        kept = tokens * (2 * (_PLACE + _INDICES) + self.itemsize * row)
        ends = max(whole * cells_in + first, whole * cells_out + max(last, whole * cells_out))
        sorting = tokens * row * (1 if self.ranks == 1 else 2)  # all rows may go to another rank
        return kept + fixed + self.itemsize * max(ends, block, sorting)

    def host(self, work: Work) -> int:
        """Bytes of the host, where the stream lies there: it, the clip's cells, its order, and what rows pass through.

        Of all ranks, which are on one host.
        """
        if not work.on_host:
            return 0
        tokens, row = prod(self.grid), self.itemsize * self._width
        cells_in, cells_out = self._cells
        streams = 1 if self.ranks == 1 else 2  # rows that go to other ranks are put together anew
        cells = max(self.ranks * _FLOAT * cells_in, self.itemsize * cells_out)
        passing = self.ranks * _LANES * _PINNED * row * _longest(self._runs(work))
        return tokens * (streams * row + cells + 2 * (_PLACE + _INDICES)) + passing

    def fitting(self, budget: int, host: int | None = None) -> Work | None:
        """The fastest way to run within so many bytes of the device, and of the host, None where there is none."""
        for work in self._ways():
            if self.bytes(work) <= budget and (host is None or self.host(work) <= host):
                return work
        return None

    def _ways(self) -> Iterator[Work]:
        """From the fastest to the one that takes the least: half as many tokens at once each time."""
        tokens = prod(self.grid)
        halves = [tokens >> times for times in range(1, tokens.bit_length())]
        yield WHOLE
        yield from (Work(most) for most in halves)
        yield from (Work(most, on_host=True) for most in halves)

    @property
    def _kinds(self) -> list[Counter[Grid]]:
        """How many windows of each shape there are in a block, of both kinds."""
        return [shapes(self.grid, shifted=shifted) for shifted in (False, True)]

    def _runs(self, work: Work) -> list[Run]:
        return [run for kind in self._shares(self._kinds) for run in runs_of(_by_size(kind), work.most)]

    def _shares(self, kinds: list[Counter[Grid]]) -> list[Counter[Grid]]:
        """How many windows of each shape a rank has in a block. kinds: of the whole clip."""
        if self.ranks == 1:
            return kinds
        return [
            Counter(window.shape for window in own)
            for shifted in (False, True)
            for own in shares(self.architecture, self.grid, self.text, self.ranks, shifted=shifted)
            if own
        ]

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
        return _FLOAT * self.architecture.head_dim

    @property
    def _said(self) -> int:
        """Bytes of the text: its stream, its heads, what it heard in float64, its tables."""
        return self.text * (self._width * (4 * self.itemsize + 8) + self._table + _PLACE)

    def _block(self, run: Run) -> int:
        """Numbers that a block holds at most for a run, beside its rows."""
        windows, rows = _windows_and_tokens(run)
        width = self._width
        room = rows + windows * self.text
        largest = max(count * (tokens + self.text) for count, tokens in run.sizes)
        splitting = (rows + 3 * rows + 3 * room) * width
        attending = (3 * room + rows + largest) * width
        mlp = rows * (width + 2 * self.architecture.hidden)
        return max(splitting, attending, mlp)


def _by_size(kind: Counter[Grid]) -> list[tuple[int, int]]:
    """Windows, and tokens of each, from the smallest."""
    found: Counter[int] = Counter()
    for shape, count in kind.items():
        found[prod(shape)] += count
    return [(found[tokens], tokens) for tokens in sorted(found)]


def _tokens(kind: Counter[Grid]) -> int:
    """Of all windows."""
    return sum(prod(shape) * count for shape, count in kind.items())


def _longest(runs: list[Run]) -> int:
    """Tokens of the longest run."""
    return max(_windows_and_tokens(run)[1] for run in runs)


def _windows_and_tokens(run: Run) -> tuple[int, int]:
    """Of a run, all of them."""
    return sum(windows for windows, _ in run.sizes), sum(windows * tokens for windows, tokens in run.sizes)
