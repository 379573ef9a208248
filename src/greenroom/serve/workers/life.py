"""One worker process as the server holds it: its line, its output, its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, cast

from greenroom.serve.workers.protocol import from_worker

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable

    from greenroom.serve.workers.protocol import FromWorker

# What a dead process wrote is there at once, unless a program that it started still holds the other end.
_LAST_WORDS_S = 1.0
_LONGEST_LINE = 8192


class Line(asyncio.Protocol):
    """The server's end of the socket. lost: resolves when the worker's end is closed, all messages read."""

    def __init__(self, take: Callable[[FromWorker], None], broken: Callable[[Exception], None]) -> None:
        self._take = take
        self._broken = broken
        self._messages = from_worker()
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast("asyncio.Transport", transport)
        self.send = self._transport.write

    def data_received(self, data: bytes) -> None:
        """Take the messages that have arrived."""
        try:
            for message in self._messages.feed(data):
                self._take(message)
        except Exception as error:  # what does not speak our language is not our worker
            self._transport.abort()
            self._broken(error)

    def connection_lost(self, error: Exception | None) -> None:
        """It is closed."""
        if not self.lost.done():
            self.lost.set_result(None)

    def close(self) -> None:
        """Close it."""
        self._transport.abort()


class Output(asyncio.Protocol):
    """What the process and its children write, line by line."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._line = b""
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        """Take the lines that have arrived."""
        *lines, self._line = (self._line + data).split(b"\n")
        if len(self._line) > _LONGEST_LINE:
            lines.append(self._line)
            self._line = b""
        self._pass_on(lines)

    def connection_lost(self, error: Exception | None) -> None:
        """Nobody can write any more."""
        self._pass_on([self._line])
        if not self.lost.done():
            self.lost.set_result(None)

    def _pass_on(self, lines: list[bytes]) -> None:
        for line in lines:
            shown = line.rstrip(b"\r").rpartition(b"\r")[2].decode("utf-8", "replace")
            if shown.strip():
                self._say(shown)


class Life:
    """A process from its start to its end."""

    def __init__(self, process: Process, line: Line, output: Output, pipe: asyncio.BaseTransport) -> None:
        self._process = process
        self._output = output
        self._pipe = pipe
        self.line = line

    @classmethod
    async def start(
        cls,
        take: Callable[[FromWorker], None],
        broken: Callable[[Exception], None],
        say: Callable[[str], None],
    ) -> Life:
        """Start a worker. Raises OSError when the system does not allow another process."""
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        read, write = os.pipe()
        reading = os.fdopen(read, "rb", 0)
        try:
            process = await asyncio.create_subprocess_exec(
                # Nothing of the folder that the server runs in is imported before the worker has its search path.
                *(sys.executable, "-P", "-m", "greenroom.serve.workers", str(theirs.fileno()), str(os.getpid())),
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=write,
                stderr=write,
                start_new_session=True,  # a group of its own, to end with what it started
            )
        except BaseException:
            ours.close()
            reading.close()
            raise
        finally:
            theirs.close()
            os.close(write)
        _, line = await loop.create_unix_connection(lambda: Line(take, broken), sock=ours)
        pipe, output = await loop.connect_read_pipe(lambda: Output(say), reading)
        return cls(process, line, output, pipe)

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def kill(self) -> None:
        """Kill it and all that it started, at once."""
        if self._process.returncode is None:
            self._kill_group()

    async def wait(self) -> str:
        """Wait for its end; gives in words how it ended. Nothing of it is left then."""
        status = await self._process.wait()
        self._kill_group()
        for lost in (self.line.lost, self._output.lost):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(lost), _LAST_WORDS_S)
        self.line.close()
        self._pipe.close()
        return _ending(status)

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


def _ending(status: int) -> str:
    if status >= 0:
        return f"its process ended with status {status}"
    name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
    memory = ", as the kernel does when memory runs out" if name == "SIGKILL" else ""
    return f"its process was killed ({name}{memory})"
