"""Which frames of a video make a stream of another rate.

The original's rule, in float64 as it has it: a clock runs in steps of the new rate, and a frame is shown as often as
the clock has come due when it begins. So a slow video's frames are repeated and a fast one's dropped. The last chance
is the last frame's begin, not its end, and steps of 1/25 add up to a little too much: a clip of 8 s at 25 frames a
second gives 199 frames and not 200.
"""

from __future__ import annotations

from fractions import Fraction
from math import inf
from typing import TYPE_CHECKING

from greenroom.models.foley.watching.lengths import LONGEST_S

if TYPE_CHECKING:
    from collections.abc import Iterable


class Cadence:
    """The clock of one stream, asked frame by frame in the order in which they are shown.

    exact: its steps add up to just what they should, which the original's do not.  longest: seconds, beyond which
    nothing is shown; None for all there is.
    """

    def __init__(self, rate: int, *, exact: bool = False, longest: float | None = LONGEST_S) -> None:
        self._longest = inf if longest is None else longest
        self._step = Fraction(1, rate) if exact else 1 / rate
        self._due: Fraction | float = 0

    def shown(self, time: Fraction | float) -> int:
        """How often the frame that begins at ``time``, in seconds, is in the stream: 0 before the first moment."""
        count = 0
        while self._due <= time <= self._longest:
            count += 1
            self._due += self._step
        return count


def picked(times: Iterable[float], rate: int) -> list[int]:
    """The place of each frame of a stream in a video. times: when the video's frames begin, in seconds."""
    cadence = Cadence(rate)
    return [place for place, time in enumerate(times) for _ in range(cadence.shown(time))]
