"""Time as the fake platform sees it."""

from __future__ import annotations

import time
from threading import Event, Lock


class ManualClock:
    """Seconds that pass when they are told to; a client that waits through ``pause`` lets them pass."""

    def __init__(self) -> None:
        self._now = 0.0
        self._lock = Lock()

    def __call__(self) -> float:
        """Seconds since the beginning."""
        with self._lock:
            return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self._now += seconds

    def pause(self, stopped: Event, seconds: float) -> bool:
        """What a client takes for waiting: the time passes, and nobody waits."""
        self.advance(seconds)
        return stopped.is_set()


class ScaledClock:
    """The machine's own seconds, ``speed`` times as fast."""

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._began = time.monotonic()

    def __call__(self) -> float:
        """Seconds since the beginning."""
        return (time.monotonic() - self._began) * self._speed
