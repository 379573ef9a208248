"""The one request that a worker process does."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.models.model import Generated, MadeFile
from greenroom.serve.workers.protocol import Cancel, frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.serve.workers.life import Line
    from greenroom.serve.workers.observer import Observer
    from greenroom.serve.workers.options import PoolOptions
    from greenroom.serve.workers.protocol import Chunk, Done, Failed, Progress
    from greenroom.serve.workers.ticket import Ticket


class Running:
    """A request from its beginning to its end. ticket: the request, None while there is none.

    kill: called with the reason when a worker does not stop that was told to.
    """

    def __init__(self, options: PoolOptions, observer: Observer, kill: Callable[[str], None]) -> None:
        self._options = options
        self._observer = observer
        self._kill = kill
        self._line: Line | None = None
        self._grace: asyncio.TimerHandle | None = None
        self.ticket: Ticket | None = None

    def begin(self, ticket: Ticket, line: Line) -> None:
        """Send a request to a worker that does none."""
        ticket.began_at = time.monotonic()
        self.ticket, self._line = ticket, line
        self._observer.stage(ticket.model, "wait", ticket.began_at - ticket.entered_at)
        if ticket.chunks is not None:
            ticket.chunks.on_taken = self._on_taken
        line.send(ticket.frame)

    def cancel(self, ticket: Ticket) -> None:
        """Tell the worker to stop the request; it is killed should it not."""
        if self.ticket is not ticket or self._line is None or self._grace is not None:
            return
        self._line.send(frame(Cancel(ticket.id)))
        if ticket.chunks is not None:
            ticket.chunks.discard()
            self._line.hold(False)
        grace_s = self._options.cancel_grace_s
        said = f"it did not stop within {grace_s:g} s of being told"
        self._grace = asyncio.get_running_loop().call_later(grace_s, self._kill, said)

    def let_go(self) -> Ticket | None:
        """The request does not run any more; gives it."""
        ticket, self.ticket, self._line = self.ticket, None, None
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None
        return ticket

    def done(self, said: Done) -> bool:
        """The worker has done it; gives whether it was this request."""
        ticket = self._of(said.id)
        if ticket is None:
            return False
        self.let_go()
        self._observer.stage(ticket.model, "run", time.monotonic() - ticket.began_at)
        files = tuple(MadeFile(Path(path), media_type) for path, media_type in said.files)
        ticket.succeed(Generated(said.output, files))
        return True

    def failed(self, said: Failed) -> bool:
        """The worker could not do it; gives whether it was this request."""
        ticket = self._of(said.id)
        if ticket is None:
            return False
        self.let_go()
        ticket.fail(said.problem.error())
        return True

    def progress(self, said: Progress) -> None:
        """The worker says how far it is."""
        ticket = self._of(said.id)
        if ticket is not None:
            ticket.report(said.stage, said.done, said.total)

    def chunk(self, said: Chunk) -> None:
        """The worker hands on bytes; it is held while too many lie unread."""
        ticket = self._of(said.id)
        if ticket is not None and ticket.chunks is not None:
            ticket.chunks.put(said.data)
            self._on_taken()

    def _on_taken(self) -> None:
        if self.ticket is not None and self.ticket.chunks is not None and self._line is not None:
            self._line.hold(self.ticket.chunks.size >= self._options.paused_at)

    def _of(self, number: int) -> Ticket | None:
        return self.ticket if self.ticket is not None and self.ticket.id == number else None
