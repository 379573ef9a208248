"""Which bytes of a file are there: disjoint ranges, in order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Ranges:
    """A set of byte positions, held as half-open ranges ``(start, end)`` that neither overlap nor touch."""

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self.total = 0
        for start, end in ranges:
            self.add(start, end)

    def add(self, start: int, end: int) -> None:
        """Add the bytes from start up to end; an empty range adds nothing."""
        if start >= end:
            return
        first, last = bisect_left(self._ends, start), bisect_right(self._starts, end)
        if first < last:  # those between touch the new one
            start, end = min(start, self._starts[first]), max(end, self._ends[last - 1])
            self.total -= sum(self._ends[first:last]) - sum(self._starts[first:last])
        self._starts[first:last], self._ends[first:last] = [start], [end]
        self.total += end - start

    @property
    def prefix(self) -> int:
        """How many bytes are there from the beginning without a gap."""
        return self._ends[0] if self._starts and self._starts[0] == 0 else 0

    def missing(self, size: int) -> list[tuple[int, int]]:
        """The gaps in a file of ``size`` bytes."""
        starts, ends = [0, *self._ends], [*self._starts, size]
        return [(start, min(end, size)) for start, end in zip(starts, ends, strict=True) if start < min(end, size)]

    def listed(self) -> list[tuple[int, int]]:
        """The ranges, in order."""
        return list(zip(self._starts, self._ends, strict=True))
