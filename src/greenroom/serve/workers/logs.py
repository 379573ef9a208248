"""What a model prints and logs goes to the server, with the name of the request that it belongs to."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING

from greenroom.serve.workers.protocol import Log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenroom.serve.workers.protocol import Message

# A line without an end is passed on at this length.
_LONGEST = 8192


class _Said:
    """What the threads of one request say. request: its name.  unfinished: lines without an end, by stream."""

    def __init__(self, request: str) -> None:
        self.request = request
        self.unfinished: dict[str, str] = {}


# Copies of a thread's context belong to the same request, as those of asyncio.to_thread.
_own: ContextVar[_Said | None] = ContextVar("said", default=None)


class Logs(logging.Handler):
    """Sends lines.

    request: whose the lines are that no request's own thread says: the name of the only one that runs, else empty.
    """

    def __init__(self, send: Callable[[Message], None], level: int) -> None:
        super().__init__(level)
        self._send = send
        self._shared = _Said("")
        self._lock = threading.Lock()
        self._running: list[_Said] = []
        self._printed = (Printed(self, logging.INFO, "stdout", 1), Printed(self, logging.WARNING, "stderr", 2))

    def install(self) -> None:
        """Take the place of standard output, standard error and the root logger's handlers."""
        sys.stdout, sys.stderr = self._printed
        logging.basicConfig(handlers=[self], level=self.level, force=True, format="%(message)s")

    @property
    def request(self) -> str:
        return self._shared.request

    @request.setter
    def request(self, name: str) -> None:
        self._shared.request = name

    @property
    def said(self) -> _Said:
        """What the thread that asks says it for."""
        return _own.get() or self._shared

    @contextlib.contextmanager
    def of(self, request: str) -> Iterator[None]:
        """What this thread says is the request's. At the end unfinished lines are sent: the request is over."""
        said = _Said(request)
        self._runs(said, begins=True)
        token = _own.set(said)
        try:
            yield
        finally:
            self._end_lines()
            _own.reset(token)
            self._runs(said, begins=False)

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record, its traceback included."""
        self.line(record.levelno, record.name, self.format(record))

    def line(self, level: int, name: str, text: str) -> None:
        """Send one line."""
        self._send(Log(self.said.request, level, name, sendable(text)))

    def _runs(self, said: _Said, *, begins: bool) -> None:
        with self._lock:
            if not begins and self._running == [said]:
                self._end_lines()  # of threads that the request began
            (self._running.append if begins else self._running.remove)(said)
            self.request = self._running[0].request if len(self._running) == 1 else ""

    def _end_lines(self) -> None:
        for printed in self._printed:
            printed.end_line()


class Printed(io.TextIOBase):
    """Standard output or standard error, cut into lines. Programs that models start write to the descriptor itself."""

    def __init__(self, logs: Logs, level: int, name: str, descriptor: int) -> None:
        super().__init__()
        self._logs = logs
        self._level = level
        self._name = name
        self._descriptor = descriptor
        # A thread may print while it prints: what is collected as garbage meanwhile may say so.
        self._writing = threading.RLock()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Anything can be printed."""
        return "utf-8"

    def writable(self) -> bool:
        """It can be written to."""
        return True

    def fileno(self) -> int:
        """The descriptor beneath, which the server reads too."""
        return self._descriptor

    def write(self, text: str) -> int:
        """Send the lines that ``text`` completes."""
        unfinished = self._logs.said.unfinished
        with self._writing:
            *lines, unfinished[self._name] = (unfinished.get(self._name, "") + text).split("\n")
            for line in lines:
                self._say(line)
            if len(unfinished[self._name]) > _LONGEST:
                self.end_line()
        return len(text)

    def end_line(self) -> None:
        """Send what stands on the line."""
        with self._writing:
            self._say(self._logs.said.unfinished.pop(self._name, ""))

    def _say(self, line: str) -> None:
        # A progress bar writes its line again and again: the last one counts.
        shown = line.rstrip("\r").rpartition("\r")[2]
        if shown.strip():
            self._logs.line(self._level, self._name, shown)


def sendable(text: str) -> str:
    """Text as UTF-8 can hold it: names of files may have halves of letters."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
