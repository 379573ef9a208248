"""How often a deploy looks, how long it waits, and when it gives up."""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds. look: between two looks.  rollout: until all workers are new.  canary: for the job that proves them.

    unhealthy: after which what is unhealthy at every look is given up; RunPod itself takes up to seven minutes for a
    slow start, and says UNHEALTHY only then.  pause, clock: how a wait is waited, and by what.
    """

    look: float = 5.0
    rollout: float = 900.0
    canary: float = 600.0
    unhealthy: float = 30.0
    pause: Callable[[Event, float], bool] = Event.wait
    clock: Callable[[], float] = time.monotonic


PACE = Pace()


class Illness:
    """Whether something was found unhealthy at every look, for long enough to give it up."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._since: float | None = None

    def lasts(self, is_ill: bool) -> bool:
        """Take a look; True when it is to be given up."""
        if not is_ill:
            self._since = None
            return False
        self._since = self._pace.clock() if self._since is None else self._since
        return self._pace.clock() - self._since >= self._pace.unhealthy
