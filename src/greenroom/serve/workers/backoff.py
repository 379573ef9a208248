"""How long a device waits before its process is started again, and when its models count as failed."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenroom.serve.workers.options import PoolOptions


class Restarts:
    """Counts crashes of one device's process; times are seconds of a clock that only goes forward."""

    def __init__(self, options: PoolOptions) -> None:
        self._options = options
        # Crashes while models load count however old they are: loading may take longer than the window.
        self._crashes: deque[tuple[float, bool]] = deque()
        self.failed = False

    def crashed(self, now: float, *, loading: bool) -> float:
        """Note a crash; gives the seconds to wait. Afterwards ``failed`` says whether it has been too many."""
        oldest = now - self._options.restart_window_s
        self._crashes = deque(crash for crash in self._crashes if crash[1] or crash[0] >= oldest)
        self._crashes.append((now, loading))
        if len(self._crashes) >= self._options.max_restarts:
            self.failed = True
        if self.failed:
            return self._options.retry_s
        wait: float = self._options.backoff_s * 2 ** (len(self._crashes) - 1)
        return min(wait, self._options.most_backoff_s)

    def worked(self) -> None:
        """A request was done: what was before counts no more."""
        if self._crashes:
            self._crashes.clear()
        self.failed = False
