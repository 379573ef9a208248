"""Windows of a size side by side, and runs of windows that a block works on at once."""

from __future__ import annotations

from itertools import accumulate, groupby
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from greenroom.models.seedvr2.nadit.windows import Window


class Group(NamedTuple):
    """Windows of one size that lie one behind the other. first: row of the first.  tokens: of each window."""

    first: int
    windows: int
    tokens: int

    @property
    def rows(self) -> slice:
        """All of its rows."""
        return slice(self.first, self.first + self.windows * self.tokens)


class Part(NamedTuple):
    """A run of whole windows. rows: of the clip.  groups: their rows counted from the part's first."""

    rows: slice
    groups: tuple[Group, ...]

    @property
    def tokens(self) -> int:
        """How many rows."""
        found: int = self.rows.stop - self.rows.start
        return found

    @property
    def windows(self) -> int:
        """How many windows."""
        return sum(group.windows for group in self.groups)


def by_size(windows: Iterable[Window]) -> list[Window]:
    """Windows in the order in which their tokens lie: from the smallest to the largest."""
    return sorted(windows, key=lambda window: window.tokens)


def groups_of(ordered: Sequence[Window]) -> tuple[Group, ...]:
    """Windows of one size together. ordered: by ``by_size``."""
    groups: list[Group] = []
    for tokens, alike in groupby(window.tokens for window in ordered):
        groups.append(Group(groups[-1].rows.stop if groups else 0, len(list(alike)), tokens))
    return tuple(groups)


class Run(NamedTuple):
    """So many windows of each size, the sizes ascending, that a block works on at once.

    sizes: windows, and tokens of each, one size after the other.  times: such runs follow one another.
    """

    sizes: tuple[tuple[int, int], ...]
    times: int = 1


def runs_of(sizes: Iterable[tuple[int, int]], most: int | None = None) -> list[Run]:
    """All windows in runs of at most ``most`` tokens, or of one window where that is larger; None for one run.

    sizes: windows, and tokens of each, from the smallest.  An hour of frames has few kinds of runs, whatever ``most``.
    """
    if most is None:
        return [Run(tuple(sizes))]
    runs: list[Run] = []
    begun: list[tuple[int, int]] = []
    room = most
    for windows, tokens in sizes:
        taken = min(windows, max(room // tokens, 0)) if begun else 0
        if taken:
            begun.append((taken, tokens))
            room -= taken * tokens
        left = windows - taken
        if not left:
            continue
        if begun:
            runs.append(Run(tuple(begun)))
        full = max(1, most // tokens)
        times, rest = divmod(left - 1, full)  # the last run stays open, for windows of the next size
        if times:
            runs.append(Run(((full, tokens),), times))
        begun = [(rest + 1, tokens)]
        room = most - (rest + 1) * tokens
    return [*runs, Run(tuple(begun))]


def parts_of(groups: Sequence[Group], most: int | None = None) -> list[Part]:
    """All windows in runs; see ``runs_of``."""
    parts: list[Part] = []
    first = 0
    for run in runs_of([(group.windows, group.tokens) for group in groups], most):
        firsts = accumulate((windows * tokens for windows, tokens in run.sizes), initial=0)
        own = tuple(Group(place, *size) for place, size in zip(firsts, run.sizes, strict=False))
        length = own[-1].rows.stop
        parts.extend(Part(slice(at, at + length), own) for at in range(first, first + run.times * length, length))
        first += run.times * length
    return parts
