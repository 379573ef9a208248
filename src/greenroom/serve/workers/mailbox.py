"""A worker's end of the line to its server: what arrives is read at once, by a thread of its own."""

from __future__ import annotations

import os
import select
import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from greenroom.serve.workers.protocol import Cancel, Load, Message, Ping, Pong, Room, Run, Setup, Stop, frame, to_worker

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from greenroom.serve.workers.crew import Ended

    ForTheModels = Setup | Run | Load | Stop | Ended

_TICK_MS = 100
_AT_ONCE = 65_536


class Mailbox:
    """Messages to the server and from it.

    The thread answers pings, notes cancels and room and puts everything else in a queue, while other threads run
    models. A server that is gone ends the process on the spot: nobody would get a result.
    """

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._sending = threading.Lock()
        self._queue: SimpleQueue[ForTheModels] = SimpleQueue()
        # Of the requests that have come and are not ended: how they stand. Changed together, and told to who waits.
        self._changed = threading.Condition()
        self._running: set[int] = set()
        self._cancelled: set[int] = set()
        self._room: dict[int, int] = {}
        self._ticks: dict[int, Callable[[], None]] = {}

    def open(self) -> None:
        """Begin to read."""
        threading.Thread(target=self._read, name="mailbox", daemon=True).start()

    def next(self, timeout: float | None = None) -> ForTheModels | None:
        """What is to be done next; None when nothing came in ``timeout`` seconds."""
        try:
            return self._queue.get(timeout=timeout)
        except Empty:
            return None

    def note(self, ended: Ended) -> None:
        """Put into the queue that a request has ended."""
        self._queue.put(ended)

    def send(self, message: Message) -> None:
        """Send a message; waits while the server does not read. Raises TypeError, ValueError for what is no JSON."""
        data = frame(message)
        try:
            with self._sending:
                self._line.sendall(data)
        except OSError:
            os._exit(1)

    def began(self, run_id: int, tick: Callable[[], None]) -> None:
        """A request runs: ``tick`` is called from time to time, by the thread."""
        with self._changed:
            self._ticks[run_id] = tick

    def ended(self, run_id: int) -> None:
        """The request does not run any more; to be said before its result is sent."""
        with self._changed:
            self._running.discard(run_id)
            self._cancelled.discard(run_id)
            self._room.pop(run_id, None)
            self._ticks.pop(run_id, None)
            self._changed.notify_all()

    def is_cancelled(self, run_id: int) -> bool:
        """Whether the request should stop."""
        return run_id in self._cancelled

    def use_room(self, run_id: int, size: int) -> None:
        """Wait until there is room for bytes of the request's result, or until it is over or should be."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._room.get(run_id, 0) > 0 or run_id not in self._running - self._cancelled
            )
            if run_id in self._room:
                self._room[run_id] -= size

    def _read(self) -> None:
        messages = to_worker()
        ready = select.poll()
        ready.register(self._line, select.POLLIN)
        while True:
            if self._running and not ready.poll(_TICK_MS):
                with self._changed:
                    ticks = tuple(self._ticks.values())
                for tick in ticks:
                    tick()
                continue
            try:
                data = self._line.recv(_AT_ONCE)
            except OSError:
                data = b""
            if not data:
                os._exit(0)
            for message in messages.feed(data):
                self._take(message)

    def _take(self, message: Message) -> None:
        match message:
            case Ping():
                self.send(Pong(message.number))
            case Cancel() | Room():
                self._note(message)
            case Setup() | Run() | Load() | Stop():
                if isinstance(message, Run):
                    with self._changed:
                        self._running.add(message.id)
                self._queue.put(message)

    def _note(self, said: Cancel | Room) -> None:
        """Note what is said about a request, unless it has ended meanwhile."""
        with self._changed:
            if said.id not in self._running:
                return
            if isinstance(said, Cancel):
                self._cancelled.add(said.id)
            else:
                self._room[said.id] = self._room.get(said.id, 0) + said.size
            self._changed.notify_all()
