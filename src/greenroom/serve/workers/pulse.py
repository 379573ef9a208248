"""Whether an idle worker still lives: it is asked, and silence means death."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from greenroom.serve.workers.protocol import Ping

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.serve.workers.options import PoolOptions
    from greenroom.serve.workers.protocol import Message


class Pulse:
    """Asks while ``is_idle``: a model at work may hold Python's lock for long, which is no fault.

    tell: sends a message.  dead: called with the reason when the worker kept silent.  due: called at each beat while
    idle, for what is done from time to time.
    """

    def __init__(
        self,
        options: PoolOptions,
        is_idle: Callable[[], bool],
        tell: Callable[[Message], None],
        dead: Callable[[str], None],
    ) -> None:
        self._options = options
        self._is_idle = is_idle
        self._tell = tell
        self._dead = dead
        self._timer: asyncio.TimerHandle | None = None
        self._number = 0
        self._silent = False
        self._asked: int | None = None

    def start(self) -> None:
        """Begin to ask."""
        self._after(self._options.ping_interval_s, self._beat)

    @property
    def waits(self) -> bool:
        """Whether ``ask`` has no answer yet."""
        return self._asked is not None

    def ask(self, within_s: float) -> None:
        """Ask at once, for an answer to this very question within so many seconds: other words may be old ones."""
        if self._is_idle():
            self.stop()
            self._ask(within_s)
            self._asked = self._number

    def answered(self, number: int) -> None:
        """The worker answered a question."""
        if number == self._asked:
            self._asked = None

    def stop(self) -> None:
        """Ask no more."""
        self._silent, self._asked = False, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def felt(self) -> None:
        """The worker said something."""
        self._silent = False

    def _beat(self) -> None:
        if not self._is_idle():
            self._after(self._options.ping_interval_s, self._beat)
            return
        self._ask(self._options.ping_timeout_s)

    def _ask(self, within_s: float) -> None:
        self._number += 1
        self._silent = True
        self._tell(Ping(self._number))
        self._after(within_s, lambda: self._look(within_s))

    def _look(self, within_s: float) -> None:
        if (self._silent or self.waits) and self._is_idle():
            self._dead(f"it was idle and did not answer for {within_s:g} s")
        else:
            self._after(self._options.ping_interval_s, self._beat)

    def _after(self, seconds: float, then: Callable[[], None]) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, then)
