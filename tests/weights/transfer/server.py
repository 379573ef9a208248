"""A host on the loopback that has files and faults: real sockets, one thread a connection."""

from __future__ import annotations

import fcntl
import hashlib
import re
import socket
import socketserver
import ssl
import struct
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass(frozen=True)
class Request:
    """What was asked for.

    number: of the requests at this host, from 0.  client: the port of the connection that it came by.  start, end: its
    range, or None.
    """

    number: int
    client: int
    path: str
    headers: Mapping[str, str]
    start: int | None
    end: int | None


@dataclass(frozen=True)
class Answer:
    """How to answer; the default is how a good host does.

    body: instead of the file's.  stop_after: bytes of this answer, then ``stop``.  says_length: Content-Length; chunked
    or closing instead.  rate: bytes a second.  flip: the place of a byte in the file that comes wrong.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    ranges: bool = True
    etag: str | None = "default"
    stop_after: int | None = None
    stop: Literal["reset", "close", "stall"] = "reset"
    length: Literal["said", "chunked", "unsaid"] = "said"
    content_range: str | None = None
    rate: float | None = None
    flip: int | None = None


GOOD = Answer()
Script = Callable[[Request], Answer]


def good(_: Request) -> Answer:
    """Always the file."""
    return GOOD


def at(faults: Mapping[int, Answer], otherwise: Answer = GOOD) -> Script:
    """Given answers to the requests of given numbers."""
    return lambda request: faults.get(request.number, otherwise)


@dataclass
class Host:
    """A host that serves.

    requests: that came, in order.  sent: bytes of bodies that left.  stalled: all that will come of an answer that
    stalls has arrived.  outwaited: nobody went away from one.
    """

    body: bytes
    script: Script
    port: int = 0
    scheme: str = "http"
    requests: list[Request] = field(default_factory=list)
    sent: int = 0
    stalled: threading.Event = field(default_factory=threading.Event)
    outwaited: bool = False
    closing: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, path: str = "/file.bin") -> str:
        """The address of a file."""
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def answer(self, connection: socket.socket, path: str, headers: Mapping[str, str]) -> bool:
        """Answer one request; whether the connection may go on."""
        asked = _RANGE.fullmatch(headers.get("range", ""))
        start, end = (int(asked[1]), int(asked[2]) + 1 if asked[2] else None) if asked else (None, None)
        with self.lock:
            client = int(connection.getpeername()[1])
            request = Request(len(self.requests), client, path, headers, start, end)
            self.requests.append(request)
        return _Answering(self, connection, self.script(request)).answer(request)


@dataclass
class _Answering:
    host: Host
    connection: socket.socket
    how: Answer

    def answer(self, request: Request) -> bool:
        how = self.how
        body = self.host.body if how.body is None else how.body
        size = len(body)
        headers = {"Content-Type": "application/octet-stream"}
        if how.etag is not None:
            headers["ETag"] = _etag(body) if how.etag == "default" else how.etag
        if how.flip is not None:
            body = body[: how.flip] + bytes([body[how.flip] ^ 1]) + body[how.flip + 1 :]
        status = 200
        if request.start is not None and how.ranges and how.status is None:
            if request.start >= size:
                status, headers["Content-Range"], body = 416, f"bytes */{size}", b""
            else:
                end = min(size, request.end or size)
                status, headers["Content-Range"] = 206, f"bytes {request.start}-{end - 1}/{size}"
                body = body[request.start : end]
        if how.status is not None:
            status, body = how.status, how.body or b""
        if how.content_range is not None:
            headers["Content-Range"] = how.content_range
        match how.length:
            case "said":
                headers["Content-Length"] = str(len(body))
            case "chunked":
                headers["Transfer-Encoding"] = "chunked"
                body = (
                    b"".join(
                        b"%x\r\n%b\r\n" % (len(part), part)
                        for part in (body[n : n + 50_000] for n in range(0, len(body), 50_000))
                    )
                    + b"0\r\n\r\n"
                )
            case "unsaid":
                headers["Connection"] = "close"
        head = "".join(f"{name}: {value}\r\n" for name, value in {**headers, **how.headers}.items())
        self.connection.sendall(f"HTTP/1.1 {status} x\r\n{head}\r\n".encode())
        return self._send(body) and how.length != "unsaid"

    def _send(self, body: bytes) -> bool:
        how = self.how
        until = len(body) if how.stop_after is None else min(how.stop_after, len(body))
        step = 65_536 if how.rate is None else max(1, min(65_536, int(how.rate / 50)))
        for begin in range(0, until, step):
            piece = body[begin : min(begin + step, until)]
            with self.host.lock:  # noted before it leaves: who has it knows that it was
                self.host.sent += len(piece)
            self.connection.sendall(piece)
            if how.rate is not None and self.host.closing.wait(len(piece) / how.rate):
                return False
        if how.stop_after is None:
            return True
        if how.stop == "stall":
            self._stall()
        if how.stop == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    def _stall(self) -> None:
        """Say nothing more, once what was said has arrived, until the client goes away."""
        connection, until = self.connection, time.monotonic() + 60
        while _unacknowledged(connection) and not self.host.closing.is_set():
            time.sleep(0.001)
        self.host.stalled.set()
        while time.monotonic() < until:
            if self.host.closing.wait(0.01) or _is_left(connection):
                return
        self.host.outwaited = True


def _unacknowledged(connection: socket.socket) -> int:
    """Bytes that have left and have not arrived."""
    return int(struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)))[0])


def _is_left(connection: socket.socket) -> bool:
    """Whether the client has closed it."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False


@cache
def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}"'


@contextmanager
def serving(body: bytes, script: Script = good, tls: ssl.SSLContext | None = None) -> Iterator[Host]:
    """A host that has ``body`` at every path."""
    host = Host(body, script, scheme="http" if tls is None else "https")

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError, ssl.SSLError):
                self.request.settimeout(30)
                connection = self.request if tls is None else tls.wrap_socket(self.request, server_side=True)
                with connection:
                    while (head := _head(connection)) and host.answer(connection, *head):
                        pass

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        request_queue_size = 64
        daemon_threads = False

    with Server(("127.0.0.1", 0), Handler) as server:
        host.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield host
        finally:
            host.closing.set()
            server.shutdown()
            thread.join()


def _head(connection: socket.socket) -> tuple[str, dict[str, str]] | None:
    """Path and headers of the next request; None when there is none."""
    head = b""
    while b"\r\n\r\n" not in head:
        came = connection.recv(4096)
        if not came:
            return None
        head += came
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return first.split()[1], headers
