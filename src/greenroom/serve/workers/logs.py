"""What a model prints and logs goes to the server, with the name of the request that it belongs to."""

from __future__ import annotations

import io
import logging
import sys
from typing import TYPE_CHECKING

from greenroom.serve.workers.protocol import Log

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.serve.workers.protocol import Message

# A line without an end is passed on at this length.
_LONGEST = 8192


class Logs(logging.Handler):
    """Sends lines. request: the name of the one that runs, or empty."""

    def __init__(self, send: Callable[[Message], None], level: int) -> None:
        super().__init__(level)
        self._send = send
        self.request = ""
        self._printed = (Printed(self, logging.INFO, "stdout", 1), Printed(self, logging.WARNING, "stderr", 2))

    def install(self) -> None:
        """Take the place of standard output, standard error and the root logger's handlers."""
        sys.stdout, sys.stderr = self._printed
        logging.basicConfig(handlers=[self], level=self.level, force=True, format="%(message)s")

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record, its traceback included."""
        self.line(record.levelno, record.name, self.format(record))

    def line(self, level: int, name: str, text: str) -> None:
        """Send one line."""
        self._send(Log(self.request, level, name, sendable(text)))

    def end_lines(self) -> None:
        """Send what stands on unfinished lines: the request is over."""
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
        self._line = ""

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
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._say(line)
        if len(self._line) > _LONGEST:
            self.end_line()
        return len(text)

    def end_line(self) -> None:
        """Send what stands on the line."""
        line, self._line = self._line, ""
        self._say(line)

    def _say(self, line: str) -> None:
        # A progress bar writes its line again and again: the last one counts.
        shown = line.rstrip("\r").rpartition("\r")[2]
        if shown.strip():
            self._logs.line(self._level, self._name, shown)


def sendable(text: str) -> str:
    """Text as UTF-8 can hold it: names of files may have halves of letters."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
