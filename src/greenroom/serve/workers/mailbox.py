"""A worker's end of the line to its server: what arrives is read at once, by a thread of its own."""

from __future__ import annotations

import os
import select
import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from greenroom.serve.workers.protocol import Cancel, Load, Message, Ping, Pong, Run, Setup, Stop, frame, to_worker

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    ForTheModels = Setup | Run | Load | Stop

_TICK_MS = 100
_AT_ONCE = 65_536


class Mailbox:
    """Messages to the server and from it.

    The thread answers pings, notes cancels and puts everything else in a queue, while the main thread runs a model.
    A server that is gone ends the process on the spot: nobody would get a result.
    """

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._sending = threading.Lock()
        self._queue: SimpleQueue[ForTheModels] = SimpleQueue()
        self._cancelled: set[int] = set()
        self._running = False
        self._tick: Callable[[], None] | None = None

    def open(self) -> None:
        """Begin to read."""
        threading.Thread(target=self._read, name="mailbox", daemon=True).start()

    def next(self, timeout: float | None = None) -> ForTheModels | None:
        """What is to be done next; None when nothing came in ``timeout`` seconds."""
        try:
            return self._queue.get(timeout=timeout)
        except Empty:
            return None

    def send(self, message: Message) -> None:
        """Send a message; waits while the server does not read. Raises TypeError, ValueError for what is no JSON."""
        data = frame(message)
        try:
            with self._sending:
                self._line.sendall(data)
        except OSError:
            os._exit(1)

    def began(self, tick: Callable[[], None]) -> None:
        """A request runs: ``tick`` is called from time to time, by the thread."""
        self._tick = tick

    def ended(self, run_id: int) -> None:
        """The request does not run any more; to be said before its result is sent."""
        self._tick = None
        self._running = False
        self._cancelled.discard(run_id)

    def is_cancelled(self, run_id: int) -> bool:
        """Whether the request should stop."""
        return run_id in self._cancelled

    def _read(self) -> None:
        messages = to_worker()
        ready = select.poll()
        ready.register(self._line, select.POLLIN)
        while True:
            if self._running and not ready.poll(_TICK_MS):
                tick = self._tick
                if tick is not None:
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
            case Cancel() if self._running:
                self._cancelled.add(message.id)
            case Setup() | Run() | Load() | Stop():
                self._running = self._running or isinstance(message, Run)
                self._queue.put(message)
