"""Windows of a size side by side, and runs of windows that a block works on at once."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from greenroom.models.seedvr2.windows import Window


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


def parts_of(groups: Sequence[Group], most: int | None = None) -> list[Part]:
    """All windows in runs of at most ``most`` tokens, or of one window where that is larger; None for one run."""
    if most is None:
        return [Part(slice(0, groups[-1].rows.stop), tuple(groups))]
    runs: list[list[Group]] = [[]]
    room = most
    for group in groups:
        left = group.windows
        while left:
            taken = min(left, max(room // group.tokens, 0 if runs[-1] else 1))
            if taken:
                first = runs[-1][-1].rows.stop if runs[-1] else 0
                runs[-1].append(Group(first, taken, group.tokens))
                room -= taken * group.tokens
                left -= taken
            if left:
                runs.append([])
                room = most
    return list(_placed(runs))


def _placed(runs: Iterable[Sequence[Group]]) -> Iterable[Part]:
    first = 0
    for run in runs:
        length = run[-1].rows.stop
        yield Part(slice(first, first + length), tuple(run))
        first += length
