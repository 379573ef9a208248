"""How a request reports: not too often, the first and the last always, and not after its end."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from greenroom.errors import Cancelled
from greenroom.serve.workers.protocol import Chunk, Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.serve.workers.protocol import Message

# Twenty a second is smooth to the eye, and nothing beside the steps of a sampler.
_EVERY_S = 0.05
_CHUNK = 1_000_000


class Reports:
    """Reports of one request, from its model's thread; ``tick`` comes from another.

    use_room: returns once so many bytes may be sent.  handed_on: bytes of the result have left already, so that it
    cannot be begun anew.
    """

    def __init__(
        self,
        run_id: int,
        send: Callable[[Message], None],
        is_cancelled: Callable[[int], bool],
        use_room: Callable[[int, int], None] = lambda *_: None,
    ) -> None:
        self._id = run_id
        self._send = send
        self._is_cancelled = is_cancelled
        self._use_room = use_room
        self._lock = threading.Lock()
        self._sent_at = -1.0
        self._held: Progress | None = None
        self._over = False
        self.handed_on = False

    def step(self, stage: str, done: float, total: float) -> None:
        """Report progress. Raises Cancelled when the request should stop."""
        self.check()
        said = Progress(self._id, str(stage), float(done), float(total))
        with self._lock:
            if self._over:
                return
            now = time.monotonic()
            if now - self._sent_at < _EVERY_S:
                self._held = said
                return
            self._pass_on(said, now)

    def hand_on(self, data: bytes) -> None:
        """Send bytes of the result. Raises Cancelled when the request should stop."""
        self.check()
        self.handed_on = True
        for start in range(0, len(data), _CHUNK):
            part = bytes(data[start : start + _CHUNK])
            self._use_room(self._id, len(part))
            self.check()
            self._send(Chunk(self._id, part))

    def check(self) -> None:
        """Raise Cancelled when the request should stop."""
        if self._is_cancelled(self._id):
            raise Cancelled

    def tick(self) -> None:
        """Send what was held back, once it is due."""
        with self._lock:
            now = time.monotonic()
            if self._held is not None and now - self._sent_at >= _EVERY_S:
                self._pass_on(self._held, now)

    def end(self) -> None:
        """Send the last report, and none after it."""
        with self._lock:
            self._over = True
            if self._held is not None:
                self._pass_on(self._held, 0.0)

    def _pass_on(self, said: Progress, now: float) -> None:
        self._held = None
        self._sent_at = now
        self._send(said)
