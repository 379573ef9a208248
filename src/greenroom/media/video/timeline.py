"""When each frame of a video is shown: exact, whatever the container says or leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import median_low
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from numpy.typing import NDArray

REORDERED = 16
"""Frames that a codec may store in another order than they are shown, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """Times of frames as whole numbers of ``time_base`` seconds.

    ticks: int64, shape (frames,), each later than the one before.  end: when the last frame ends.  nominal: frames a
    second, as the container says.
    """

    time_base: Fraction
    ticks: NDArray[np.int64]
    end: int
    nominal: Fraction | None = None

    def __len__(self) -> int:
        return len(self.ticks)

    def time(self, frame: int) -> Fraction:
        """When a frame begins, in seconds."""
        return int(self.ticks[frame]) * self.time_base

    def duration(self, frame: int) -> Fraction:
        """How long a frame is shown, in seconds."""
        after = int(self.ticks[frame + 1]) if frame + 1 < len(self.ticks) else self.end
        return (after - int(self.ticks[frame])) * self.time_base

    @property
    def seconds(self) -> Fraction:
        """From the first frame to the end of the last."""
        return (self.end - int(self.ticks[0])) * self.time_base

    @property
    def average(self) -> Fraction:
        """Frames a second over the whole."""
        return len(self.ticks) / self.seconds

    @property
    def constant(self) -> Fraction | None:
        """The frame rate where it is constant as far as ``time_base`` can tell, else None."""
        steps = np.diff(self.ticks)
        if not len(steps):
            return self.nominal or self.average
        rates = [self.nominal] if self.nominal else []
        rates.append(1 / (int(steps[0]) * self.time_base))
        return next((rate for rate in rates if self._keeps(rate)), None)

    def _keeps(self, rate: Fraction) -> bool:
        """Whether no frame is a whole tick or more from where it would be at this rate."""
        step = 1 / (rate * self.time_base)
        places = np.arange(len(self.ticks), dtype=np.int64)
        off = (self.ticks - self.ticks[0]) * step.denominator - places * step.numerator
        return bool(np.abs(off).max() < step.denominator)


def counted(mixed: Sequence[int], first: int) -> list[int]:
    """Times of frames that come as they are shown, each with the time of another. first: when they begin.

    All those times, in order, are theirs; but of the last frames, which nothing comes behind, they are guessed.
    """
    ticks = sorted(mixed)
    steps = [later - before for before, later in pairwise(ticks)]
    usual = median_low(steps) if steps else 0
    if all(step == usual for step in steps[:-REORDERED]):
        return [first + number * usual for number in range(len(ticks))]
    return [tick - ticks[0] + first for tick in ticks]


def repaired(stated: Sequence[int | None], step: int) -> tuple[list[int], int]:
    """Times that only grow, and how many had to be made up.

    stated: in the order in which frames are shown.  step: of a frame that nothing else tells about. A time that is
    missing, or not later than the one before it, is put evenly between its neighbours.
    """
    ticks: list[int] = []
    made = at = 0
    while at < len(stated):
        after = next((place for place in range(at, len(stated)) if _is_later(stated[place], ticks)), None)
        run = (len(stated) if after is None else after) - at
        made += run
        ticks += _made_up(run, ticks[-1] if ticks else None, None if after is None else stated[after], step)
        at += run
        value = None if after is None else stated[after]
        if value is not None and _is_later(value, ticks):
            ticks.append(value)
            at += 1
    return ticks, made


def _is_later(value: int | None, ticks: list[int]) -> bool:
    return value is not None and (not ticks or value > ticks[-1])


def _made_up(run: int, before: int | None, after: int | None, step: int) -> list[int]:
    """So many times between two, or as far from one as there is."""
    if before is None:
        first = 0 if after is None else after - run * step
        return [first + number * step for number in range(run)]
    if after is None:
        return [before + number * step for number in range(1, run + 1)]
    # Where there are too few ticks between the two, the later one gives way.
    room = max(after - before, run + 1)
    return [before + room * number // (run + 1) for number in range(1, run + 1)]
