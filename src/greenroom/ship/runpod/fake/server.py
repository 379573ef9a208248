"""The fake platform behind HTTP on this machine, with a key, a quota and faults."""

from __future__ import annotations

import contextlib
import json
import math
import socket
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from greenroom.ship.runpod.fake.answers import answer
from greenroom.ship.runpod.fake.platform import Platform
from greenroom.ship.runpod.fake.replies import Problem, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.ship.runpod.fake.faults import Fault

_MINUTE_S = 60


class Seen(NamedTuple):
    """One request as it came. status: of the answer, 0 where none was given."""

    method: str
    path: str
    body: Any
    status: int


class FakeRunPod:
    """The server, for the length of a block.

    key: what requests must carry.  per_minute: its quota, None for none.  faults: what goes wrong.  seen: all requests.
    on_request: called with the number of each request, from 1, before its effect and behind it (``has_acted``).
    """

    def __init__(
        self,
        platform: Platform | None = None,
        *,
        key: str = "rpa_fake",
        port: int = 0,
        per_minute: int | None = None,
        on_request: Callable[[int, bool], None] | None = None,
    ) -> None:
        self.platform = platform or Platform()
        self.key = key
        self.per_minute = per_minute
        self.faults: list[Fault] = []
        self.seen: list[Seen] = []
        self.on_request = on_request
        self._lock = Lock()
        self._count = 0
        self._window = (-1.0, 0)
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), name="fake-runpod")

    @property
    def base(self) -> str:
        """The server's own address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def pod_url(self) -> str:
        """The address of ports of pods, for the setting ``runpod_pod_url``."""
        return f"{self.base}/pods/{{pod}}/{{port}}"

    @property
    def url(self) -> str:
        """The address of the interface, for the setting ``runpod_url``."""
        return f"{self.base}/v2"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, method: str, path: str, body: Any, authorization: str) -> tuple[Reply, dict[str, str]] | None:
        """What is sent back, with headers; None where the connection is cut instead."""
        with self._lock:
            self._count += 1
            number = self._count
            fault = next((fault for fault in self.faults if fault.meets(number, method, path)), None)
            if self.on_request:
                self.on_request(number, False)
            reply, headers = self._answered(method, path, body, authorization, fault)
            self.seen.append(Seen(method, path, body, reply.status if reply else 0))
            if self.on_request:
                self.on_request(number, True)
        if fault and fault.kind == "slow":
            time.sleep(fault.seconds)
        return (reply, headers) if reply else None

    def _answered(
        self, method: str, path: str, body: Any, authorization: str, fault: Fault | None
    ) -> tuple[Reply | None, dict[str, str]]:
        if fault and fault.kind == "cut-before":
            return None, {}
        if fault and fault.kind == "refuse":
            return Problem(fault.status, fault.detail).reply(), dict(fault.headers)
        if fault and fault.kind == "half" and isinstance(body, dict):
            body = dict(list(body.items())[:1])
        is_proxied = path.startswith("/pods/")
        headers = {} if is_proxied else self._quota()
        try:
            self._admit(authorization, is_proxied=is_proxied, is_spent="Retry-After" in headers)
            reply = answer(self.platform, self.base, method, path, body)
        except Problem as problem:
            reply = problem.reply()
        if fault and fault.kind == "cut-after":
            return None, {}
        if fault and fault.kind == "fail":
            return Problem(fault.status, "failed behind its effect").reply(), dict(fault.headers)
        return reply, headers

    def _admit(self, authorization: str, *, is_proxied: bool, is_spent: bool) -> None:
        """Raises Problem."""
        if is_proxied:
            if authorization:
                raise Problem(400, "the key of the account is sent to a container")
            return
        if authorization != f"Bearer {self.key}":
            raise Problem(401, "the key is not known")
        if is_spent:
            raise Problem(429, "rate limit exceeded for the minute window")

    def _quota(self) -> dict[str, str]:
        """The headers of the quota; Retry-After among them where it is used up."""
        if self.per_minute is None:
            return {}
        now = self.platform.clock()
        began, used = self._window
        if began < 0 or now - began >= _MINUTE_S:
            began, used = now, 0
        self._window = (began, used + 1)
        left, reset = max(0, self.per_minute - used - 1), max(1, math.ceil(began + _MINUTE_S - now))
        headers = {
            "RateLimit": f'"minute";r={left};t={reset}',
            "RateLimit-Policy": f'"minute";q={self.per_minute};w={_MINUTE_S}',
        }
        return headers | ({"Retry-After": str(reset)} if used >= self.per_minute else {})


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    allow_reuse_address = True

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """End connections that clients keep open, so that no thread stays."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what this server is for."""


def _handler(fake: FakeRunPod) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body are two writes: the second would wait 40 ms for the first one's acknowledgement.
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/readyz":
                self._send(Reply(200, {"ready": True}), {})
                return
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(content) if content else None
            answered = fake.answer(self.command, path, body, self.headers.get("Authorization", ""))
            if answered is None:
                self.close_connection = True
                with contextlib.suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)
                return
            self._send(*answered)

        do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815 - the base class calls them so

        def _send(self, reply: Reply, headers: dict[str, str]) -> None:
            is_stream = isinstance(reply.body, str)
            text = reply.body if is_stream else "" if reply.body is None else json.dumps(reply.body)
            kind = "text/event-stream" if is_stream else "application/json"
            self.send_response(reply.status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", kind if reply.status < 400 else "application/problem+json")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Requests are in ``seen``."""

    return Handler
