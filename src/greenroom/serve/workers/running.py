"""The requests that a worker process does: one, or several of one model."""

from __future__ import annotations

import asyncio
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.models.model import Generated, MadeFile
from greenroom.serve.workers.protocol import Cancel, Room, frame

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from greenroom.serve.workers.life import Line
    from greenroom.serve.workers.observer import Observer
    from greenroom.serve.workers.options import PoolOptions
    from greenroom.serve.workers.protocol import Chunk, Done, Failed, Progress, Shown, Told
    from greenroom.serve.workers.ticket import Ticket

# Room is made in so many messages for what may lie unread.
_ROOMS = 4
# A loop takes no timer of years.
_LONGEST_LOOK_S = 86_400.0


class Running:
    """Requests from their beginning to their end.

    kill: called with the reason when a worker does not stop a request that it was told to.  silent_s: of each model,
    how long a request of it may say nothing.  hung: called with one that has said nothing for so long.
    """

    def __init__(
        self,
        options: PoolOptions,
        observer: Observer,
        kill: Callable[[str], None],
        silent_s: Mapping[str, float],
        hung: Callable[[Ticket], None],
    ) -> None:
        self._options = options
        self._observer = observer
        self._kill = kill
        self._silent_s, self._hung = silent_s, hung
        self._watches: dict[int, asyncio.TimerHandle] = {}
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
        ticket.began_at = ticket.heard_at = time.monotonic()
        self._tickets[ticket.id], self._line = ticket, line
        self._observer.stage(ticket.model, "wait", ticket.began_at - ticket.entered_at)
        line.send(ticket.frame)
        self._watch(ticket)
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
        if (ticket := self._heard(said.id)) is not None:
            ticket.report(said.stage, said.done, said.total)

    def told(self, said: Told) -> None:
        """The worker tells a fact about a request."""
        if (ticket := self._heard(said.id)) is not None:
            ticket.told(said.kind, said.data)

    def shown(self, said: Shown) -> None:
        """The worker shows a file of a request."""
        if (ticket := self._heard(said.id)) is not None:
            ticket.shown(MadeFile(Path(said.path), said.media_type))

    def chunk(self, said: Chunk) -> None:
        """The worker hands on bytes of a request, and waits while too many lie unread."""
        ticket = self._heard(said.id)
        if ticket is not None and ticket.chunks is not None:
            ticket.room -= len(said.data)
            ticket.chunks.put(said.data)

    def _heard(self, number: int) -> Ticket | None:
        """The request of which a worker says something, if it still runs."""
        ticket = self._tickets.get(number)
        if ticket is not None:
            ticket.heard_at = time.monotonic()
        return ticket

    def _make_room(self, ticket: Ticket) -> None:
        """Let a worker send on what its reader has made room for, once that is worth a message."""
        if ticket.chunks is None or self._line is None or ticket.id not in self._tickets:
            return
        size = self._options.paused_at - ticket.chunks.size - ticket.room
        if size > 0 and size >= self._options.paused_at / _ROOMS:
            ticket.room += size
            self._line.send(frame(Room(ticket.id, size)))

    def _watch(self, ticket: Ticket) -> None:
        """See that a request says something from time to time; one whose reader is slow has nowhere to say it."""
        if ticket.chunks is not None and ticket.room <= 0:
            ticket.heard_at = time.monotonic()
        left = ticket.heard_at + self._silent_s.get(ticket.model, math.inf) - time.monotonic()
        if left <= 0:
            self._hung(ticket)
        elif math.isfinite(left):
            loop = asyncio.get_running_loop()
            self._watches[ticket.id] = loop.call_later(min(left, _LONGEST_LOOK_S), self._watch, ticket)

    def _end(self, ticket: Ticket) -> None:
        del self._tickets[ticket.id]
        for timers in (self._graces, self._watches):
            timer = timers.pop(ticket.id, None)
            if timer is not None:
                timer.cancel()
