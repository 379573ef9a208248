"""The requests that a worker process does: one, or several of one model."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.models.model import Generated, MadeFile
from greenroom.serve.workers.protocol import Cancel, Room, frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.serve.workers.life import Line
    from greenroom.serve.workers.observer import Observer
    from greenroom.serve.workers.options import PoolOptions
    from greenroom.serve.workers.protocol import Chunk, Done, Failed, Progress, Shown, Told
    from greenroom.serve.workers.ticket import Ticket

# Room is made in so many messages for what may lie unread.
_ROOMS = 4


class Running:
    """Requests from their beginning to their end.

    kill: called with the reason when a worker does not stop a request that it was told to.
    """

    def __init__(self, options: PoolOptions, observer: Observer, kill: Callable[[str], None]) -> None:
        self._options = options
        self._observer = observer
        self._kill = kill
        self._line: Line | None = None
        self._graces: dict[int, asyncio.TimerHandle] = {}
        self._tickets: dict[int, Ticket] = {}

    @property
    def tickets(self) -> tuple[Ticket, ...]:
        """What runs, in the order in which it began."""
        return tuple(self._tickets.values())

    def __len__(self) -> int:
        return len(self._tickets)

    def begin(self, ticket: Ticket, line: Line) -> None:
        """Send a request to a worker; the others that it does, if any, are of the same model."""
        ticket.began_at = time.monotonic()
        self._tickets[ticket.id], self._line = ticket, line
        self._observer.stage(ticket.model, "wait", ticket.began_at - ticket.entered_at)
        line.send(ticket.frame)
        if ticket.chunks is not None:
            ticket.chunks.on_taken = lambda: self._make_room(ticket)
            self._make_room(ticket)

    def cancel(self, ticket: Ticket) -> None:
        """Tell the worker to stop the request; it is killed should it not."""
        if ticket.id not in self._tickets or self._line is None or ticket.id in self._graces:
            return
        self._line.send(frame(Cancel(ticket.id)))
        if ticket.chunks is not None:
            ticket.chunks.discard()
        grace_s = self._options.cancel_grace_s
        said = f"it did not stop within {grace_s:g} s of being told"
        self._graces[ticket.id] = asyncio.get_running_loop().call_later(grace_s, self._kill, said)

    def let_go(self) -> tuple[Ticket, ...]:
        """Nothing runs any more; gives what ran."""
        tickets = self.tickets
        for ticket in tickets:
            self._end(ticket)
        self._line = None
        return tickets

    def done(self, said: Done) -> bool:
        """The worker has done a request; gives whether it ran here."""
        ticket = self._tickets.get(said.id)
        if ticket is None:
            return False
        self._end(ticket)
        self._observer.stage(ticket.model, "run", time.monotonic() - ticket.began_at)
        files = tuple(MadeFile(Path(path), media_type) for path, media_type in said.files)
        ticket.succeed(Generated(said.output, files))
        return True

    def failed(self, said: Failed, *, blameless: bool = False) -> bool:
        """The worker could not do a request; gives whether it ran here."""
        ticket = self._tickets.get(said.id)
        if ticket is None:
            return False
        self._end(ticket)
        error = said.problem.error()
        error.blameless = error.blameless or blameless
        ticket.is_suspect = said.sick
        ticket.fail(error)
        return True

    def progress(self, said: Progress) -> None:
        """The worker says how far a request is."""
        ticket = self._tickets.get(said.id)
        if ticket is not None:
            ticket.report(said.stage, said.done, said.total)

    def told(self, said: Told) -> None:
        """The worker tells a fact about a request."""
        ticket = self._tickets.get(said.id)
        if ticket is not None:
            ticket.told(said.kind, said.data)

    def shown(self, said: Shown) -> None:
        """The worker shows a file of a request."""
        ticket = self._tickets.get(said.id)
        if ticket is not None:
            ticket.shown(MadeFile(Path(said.path), said.media_type))

    def chunk(self, said: Chunk) -> None:
        """The worker hands on bytes of a request, and waits while too many lie unread."""
        ticket = self._tickets.get(said.id)
        if ticket is not None and ticket.chunks is not None:
            ticket.room -= len(said.data)
            ticket.chunks.put(said.data)

    def _make_room(self, ticket: Ticket) -> None:
        """Let a worker send on what its reader has made room for, once that is worth a message."""
        if ticket.chunks is None or self._line is None or ticket.id not in self._tickets:
            return
        size = self._options.paused_at - ticket.chunks.size - ticket.room
        if size > 0 and size >= self._options.paused_at / _ROOMS:
            ticket.room += size
            self._line.send(frame(Room(ticket.id, size)))

    def _end(self, ticket: Ticket) -> None:
        del self._tickets[ticket.id]
        grace = self._graces.pop(ticket.id, None)
        if grace is not None:
            grace.cancel()
