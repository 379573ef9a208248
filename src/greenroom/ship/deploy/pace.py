"""How often a deploy looks, and how long it waits."""

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

    unhealthy: after which new workers of which none is healthy are given up; the platform itself takes up to seven
    minutes for a slow start, and says UNHEALTHY only then.  pause, clock: how a wait is waited, and by what.
    """

    look: float = 5.0
    rollout: float = 900.0
    canary: float = 600.0
    unhealthy: float = 30.0
    pause: Callable[[Event, float], bool] = Event.wait
    clock: Callable[[], float] = time.monotonic


PACE = Pace()
