"""The lines of a cue: as few as hold it, broken well, and about equally long."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenroom.captions.options import CaptionInputs
    from greenroom.captions.phrases import Span
    from greenroom.captions.track import Track

# What a line costs that is as much longer or shorter than the mean as a line can be; the unit is that of ``breaks``.
UNEVEN = 800
# Of two equal choices the lower line is the longer one (Netflix: a bottom-heavy pyramid).
TOP_HEAVY = 25
# Lax SRT readers take a number alone on the last line for the number of the next cue.
LONE_NUMBER = 125


def choose_lines(track: Track, phrases: list[Span], costs: list[int], options: CaptionInputs) -> list[Span]:
    """The first and last word of each line, for the phrases of one cue, which fit on ``max_lines`` lines.

    A line is wider than ``max_chars`` only where it is one phrase that is.
    """
    first, last = phrases[0][0], phrases[-1][1]
    if track.width(first, last) <= options.max_chars or len(phrases) == 1:
        return [(first, last)]
    return _Layout(track, phrases, costs, options.max_chars).lines()


class _Layout:
    """The cheapest way to break the phrases of one cue into as few lines as hold them."""

    def __init__(self, track: Track, phrases: list[Span], costs: list[int], max_chars: int) -> None:
        self.track = track
        self.phrases = phrases
        self.costs = costs
        self.max_chars = max_chars
        self.count = self._fewest()
        self.mean = track.width(phrases[0][0], phrases[-1][1]) / self.count
        self._rest = functools.cache(self._cheapest)

    def lines(self) -> list[Span]:
        lines = []
        first = 0
        for left in range(self.count, 0, -1):
            _, last = self._rest(first, left)
            lines.append((self.phrases[first][0], self.phrases[last][1]))
            first = last + 1
        return lines

    def _fewest(self) -> int:
        count, first = 1, 0
        for at in range(1, len(self.phrases)):
            if not self._fits(first, at):
                count, first = count + 1, at
        return count

    def _fits(self, first: int, last: int) -> bool:
        return first == last or self.track.width(self.phrases[first][0], self.phrases[last][1]) <= self.max_chars

    def _cheapest(self, first: int, left: int) -> tuple[float, int]:
        """What phrases from ``first`` on cost on ``left`` lines, and the last phrase of the first of those lines."""
        end = len(self.phrases) - 1
        if left == 1:
            fits = self._fits(first, end)
            return self._line(first, end) if fits else math.inf, end
        best = (math.inf, first)
        for last in range(first, end - left + 2):
            if not self._fits(first, last):
                break
            rest, _ = self._rest(last + 1, left - 1)
            best = min(best, (rest + self._line(first, last) + self.costs[self.phrases[last][1]], last))
        return best

    def _line(self, first: int, last: int) -> float:
        begin, end = self.phrases[first][0], self.phrases[last][1]
        off = (self.track.width(begin, end) - self.mean) / self.max_chars
        cost = UNEVEN * off * off
        if first == 0 and off > 0:
            cost += TOP_HEAVY
        if last == len(self.phrases) - 1 and begin == end and self.track.texts[begin].isdigit():
            cost += LONE_NUMBER
        return cost
