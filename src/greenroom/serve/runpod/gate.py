"""How many jobs the platform may hand to this worker now.

The SDK asks before every request for jobs. It rests for a second whenever it holds all that it may, so with one job at
a time a device that needs 0.3 s for each stands still for two thirds of it. With more at once, the others wait in the
pool. But jobs of minutes that wait here could run on another worker: of those it takes as many as its devices do at the
same time.
"""

from __future__ import annotations

import statistics
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# A job up to this long is short: the second that the SDK wastes is felt, and a few of them waiting do no harm. Short
# ones count as long beyond twice this, since for every change the SDK lets all that it holds end first.
SHORT_S = 5.0
_AHEAD = 4
# The SDK asks at least every 90 s, the length of its long poll; in a longer silence the whole machine was asleep.
PAUSE_S = 120.0


class Gate:
    """The SDK's ``concurrency_modifier``. Called in the SDK's loop only.

    at_once: jobs that a device does at the same time.  fixed: jobs at once; None chooses.  ready: whether the model
    would begin a job; may raise, which ends the worker.  taken: jobs that the SDK holds.  wake: called after a long
    pause; ``ready`` says what came of it.  sick: the device is lost; no more jobs are taken.
    """

    def __init__(
        self,
        *,
        devices: int,
        at_once: int = 1,
        fixed: int | None,
        ready: Callable[[], bool],
        taken: Callable[[], int],
        wake: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._places = devices * at_once
        self._fixed = fixed
        self._ready = ready
        self._taken = taken
        self._wake = wake
        self._clock = clock
        self._asked = clock()
        self._ended = 0.0
        self._took: deque[float] = deque(maxlen=5)
        self._short = False
        self.running = 0
        self.sick = False

    def __call__(self, current: int) -> int:
        """How many jobs at once, 0 for none now."""
        silence, self._asked = self._clock() - self._asked, self._clock()
        if abs(silence) > PAUSE_S:
            self._wake()
        if self._taken() > self.running:
            return current  # some wait in the SDK, which would not begin them after a change to less
        return 0 if self.sick or not self._ready() else self.wanted()

    @property
    def last(self) -> bool:
        """Whether the job that ends now is the last that this worker holds."""
        return self.running == 0 and self._taken() <= 1

    def wanted(self) -> int:
        """Jobs at once as long as the model is ready."""
        if self._fixed is not None:
            return self._fixed
        if self._took:
            self._short = statistics.median(self._took) <= SHORT_S * (2 if self._short else 1)
        return self._places + (_AHEAD if self._short else 0)

    def began(self) -> float:
        """A job runs now; gives when, for ``ended``."""
        self.running += 1
        return time.monotonic()

    def ended(self, began: float, *, done: bool) -> None:
        """It does not run any more. What it took counts from the end of the one before it, behind which it waited."""
        self.running -= 1
        now = time.monotonic()
        if done:
            self._took.append((now - max(began, self._ended)) * self._places)
        self._ended = now
