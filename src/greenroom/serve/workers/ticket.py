"""A request on its way through the pool."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from greenroom.models.model import unshown, untold

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from greenroom.models.model import Generated, MadeFile
    from greenroom.serve.workers.supervisor import Supervisor

_log = logging.getLogger(__name__)


class Chunks:
    """Bytes of a stream between the worker and whoever reads them.

    size: how many lie here.  on_taken: called when some were taken.
    """

    def __init__(self) -> None:
        self._parts: deque[bytes] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._closed = False
        self.size = 0
        self.on_taken: Callable[[], None] = lambda: None

    def put(self, data: bytes) -> None:
        """Add bytes."""
        if not self._closed:
            self._parts.append(data)
            self.size += len(data)
            self._wake()

    def close(self) -> None:
        """No more will come."""
        self._closed = True
        self._wake()

    def discard(self) -> None:
        """Nobody reads any more."""
        self._parts.clear()
        self.size = 0
        self.close()

    async def next(self) -> bytes | None:
        """The next bytes, in order; None at the end."""
        while not self._parts:
            if self._closed:
                return None
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        data = self._parts.popleft()
        self.size -= len(data)
        self.on_taken()
        return data

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
        self._waiting = None


@dataclass(eq=False, slots=True)
class Ticket:
    """One request. frame: as it goes to a worker.  future: its result; cancelled when nobody wants it.

    on_begin: called when a worker has it.  supervisor: who does it, None while it waits and after its end.
    ended: given when somebody waits for a worker to have let go of it.  alone: nothing else runs beside it.  room:
    bytes of its result that its worker may still send.  is_suspect: its worker was lost, perhaps because of it.
    tell, show: take what its model tells and shows.
    """

    id: int
    model: str
    frame: bytes
    request: str
    urgent: bool
    step: Callable[[str, float, float], None]
    future: asyncio.Future[Generated]
    entered_at: float
    chunks: Chunks | None = None
    on_begin: Callable[[], None] = lambda: None
    began_at: float = 0.0
    supervisor: Supervisor | None = None
    ended: asyncio.Future[None] | None = field(default=None)
    alone: bool = False
    room: int = 0
    is_suspect: bool = False
    tell: Callable[[str, Mapping[str, Any]], None] = untold
    show: Callable[[MadeFile], None] = unshown

    def succeed(self, made: Generated) -> None:
        """It is done."""
        if not self.future.done():
            self.future.set_result(made)
        self._end()

    def fail(self, error: Exception) -> None:
        """It is not done."""
        if not self.future.done():
            self.future.set_exception(error)
        self._end()

    def report(self, stage: str, done: float, total: float) -> None:
        """Pass progress on."""
        self._pass_on(lambda: self.step(stage, done, total))

    def told(self, kind: str, data: Mapping[str, Any]) -> None:
        """Pass on what the model tells."""
        self._pass_on(lambda: self.tell(kind, data))

    def shown(self, file: MadeFile) -> None:
        """Pass on what the model shows."""
        self._pass_on(lambda: self.show(file))

    def _pass_on(self, say: Callable[[], None]) -> None:
        """Say something to who listens, whose mistake is its own."""
        if self.future.done():
            return
        try:
            say()
        except Exception:
            _log.exception("progress of %s could not be passed on", self.request or self.model)

    def _end(self) -> None:
        self.supervisor = None
        if self.chunks is not None:
            self.chunks.close()
        if self.ended is not None and not self.ended.done():
            self.ended.set_result(None)
