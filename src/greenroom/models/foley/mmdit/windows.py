"""A sound of any length as windows that the model knows the length of, which overlap and are blended.

Windows begin and end where segments of Synchformer do, every 0.32 s, so that what was seen of the whole clip holds for
each of them: the features of a window are a piece of the clip's, and none is computed twice. All windows of a section
are of one size.

What is blended are the velocities of each step (arXiv 2302.08113), before the sound is there: neighbours start from the
same noise and go the same way where they overlap, so that at the end there are no two sounds to be joined.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from greenroom.models.foley.architecture import LATENTS_PER_SECOND, SYNC_GROUP
from greenroom.models.foley.watching.lengths import (
    PICTURE_RATE,
    SEGMENT_STEP,
    SYNC_RATE,
    frames_beside,
    latents_until,
    sync_tokens,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

GRID = SEGMENT_STEP * LATENTS_PER_SECOND // SYNC_RATE
"""Latents from one segment's begin to the next's."""

LONGEST = 40 * GRID
"""Latents of a window at most, 12.8 s: the makers call 8 to 10 s best, and know up to 15 s."""

OVERLAP = 2 * GRID
"""Latents that neighbours share, 0.64 s."""


@dataclass(frozen=True, slots=True)
class Window:
    """Latents from ``start`` until before ``stop``. section: of the clip, by its place; which words are heard there."""

    start: int
    stop: int
    section: int = 0

    @property
    def length(self) -> int:
        """In latents."""
        return self.stop - self.start

    @property
    def sync(self) -> slice:
        """Which of the clip's sync tokens it shows."""
        first = sync_tokens_before(self.start)
        return slice(first, first + sync_tokens(_frames(self.length)))

    def pictures(self, there: int) -> slice:
        """Which of the clip's pictures it shows: those next to its own times. there: how many the clip has."""
        count = frames_beside(self.length, PICTURE_RATE)
        first = min(round(self.start * PICTURE_RATE / LATENTS_PER_SECOND), there - count)
        return slice(first, first + count)


def sync_tokens_before(latent: int) -> int:
    """Sync tokens of the segments that begin before one on the grid."""
    return SYNC_GROUP * (latent // GRID)


def on_grid(latents: int) -> int:
    """As few on the grid as hold so many."""
    return GRID * ceil(latents / GRID)


def grid_end(end: Fraction) -> Fraction:
    """The first place of the grid at a moment or behind it; both in seconds."""
    return Fraction(on_grid(latents_until(end)), LATENTS_PER_SECOND)


def cuts_on_grid(cuts: Sequence[Fraction], length: int) -> tuple[int, ...]:
    """Where sections begin, in latents on the grid. cuts: in seconds.  length: of the clip, in latents on the grid.

    A section that would vanish there is moved on by a step, if there is room.
    """
    places = [0]
    for cut in cuts:
        places.append(max(GRID * round(cut * LATENTS_PER_SECOND / GRID), places[-1] + GRID))
    for back, place in enumerate(reversed(places)):
        places[len(places) - 1 - back] = min(place, length - (back + 1) * GRID)
    return tuple(places)


def windows(length: int, begins: Sequence[int] = (0,)) -> tuple[Window, ...]:
    """The windows of a clip. length: in latents, on the grid.  begins: of its sections, the first one's 0.

    The windows of a section reach a little into those beside it, so that these are blended too.
    """
    ends = [*begins[1:], length]
    found: list[Window] = []
    for section, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        first, last = max(0, begin - OVERLAP // 2), min(length, end + OVERLAP // 2)
        found += _over(first, last, section)
    return tuple(found)


def ramp(window: Window, length: int, place: int) -> float:
    """How much of a window counts at one of its latents, before all that count there are brought to a sum of 1.

    length: of the clip, in latents.
    """
    rise = 1.0 if window.start == 0 else (place + 0.5) / OVERLAP
    fall = 1.0 if window.stop == length else (window.length - place - 0.5) / OVERLAP
    return min(1.0, rise, fall)


def evenly(count: int, most: int) -> list[int]:
    """As few pieces as hold so many with no more than ``most`` in each, of nearly one size, the larger ones first."""
    pieces = ceil(count / most)
    return [count // pieces + (piece < count % pieces) for piece in range(pieces)]


def _over(first: int, last: int, section: int) -> list[Window]:
    """As few windows as reach from one latent to another, of one size, spread evenly."""
    count = max(1, ceil((last - first - OVERLAP) / (LONGEST - OVERLAP)))
    size = on_grid(ceil((last - first + (count - 1) * OVERLAP) / count))
    room = last - first - size
    starts = [first + GRID * round(room * place / max(1, count - 1) / GRID) for place in range(count)]
    return [Window(start, start + size, section) for start in starts]


def _frames(latents: int) -> int:
    """Of Synchformer's, of so many latents on the grid."""
    return latents * SYNC_RATE // LATENTS_PER_SECOND
