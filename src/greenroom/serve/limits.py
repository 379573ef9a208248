"""What one caller may ask for: how often, how many jobs, how large a body; and what every answer carries.

The middlewares are plain ASGI: nothing between a route and its client holds back a stream, or that the client left.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from greenroom.errors import GreenroomError
from greenroom.serve.logs import bind
from greenroom.serve.problems import problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from greenroom.serve.keys import Caller
    from greenroom.serve.metrics import Metrics

# The longest text that a model takes, 100,000 characters each escaped as two \uXXXX, is 1.2 MB. Files come as forms.
JSON_BYTES = 2_000_000
# Who sends nothing for so long in the midst of a body has gone, or holds the connection on purpose.
_SILENCE_S = 30.0
# How long the rest of a body that was refused is read, for the client's sake.
_LINGER_S = 2.0
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
# So many callers are remembered; beyond, those whose buckets are full are forgotten, who lose nothing by it.
_CALLERS = 1000

# A browser takes no answer for what it is not, and runs nothing that is in one. The page brings its own policy.
_POLICY = b"default-src 'none'; img-src 'self'; media-src 'self'; frame-ancestors 'none'; sandbox"
_SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", _POLICY),
    (b"cache-control", b"no-store"),
)


class RateLimited(GreenroomError):
    """A caller asks more often than their key allows."""

    code = "rate-limited"
    retryable = True

    def __init__(self, requests_per_minute: float, retry_after_s: float) -> None:
        message = f"this key may make {requests_per_minute:g} requests a minute"
        super().__init__(message, mend=f"wait {max(1, round(retry_after_s))} s, then ask again")
        self.retry_after_s = retry_after_s


class TooManyJobs(GreenroomError):
    """A caller has as many open jobs as their key allows."""

    code = "too-many-jobs"
    retryable = True

    def __init__(self, concurrency: int) -> None:
        message = f"{concurrency} jobs of this key wait or run, and it may have no more"
        super().__init__(message, mend="wait until one ends, or cancel one")


class BodyTooLarge(GreenroomError):
    """A request's body has more bytes than its path takes."""

    code = "body-too-large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body has more than {limit:,} bytes", mend=f"send {limit:,} bytes or fewer")


class BodyTooSlow(GreenroomError):
    """A request's body stopped on its way."""

    code = "body-too-slow"

    def __init__(self) -> None:
        super().__init__(f"nothing more of the body came for {_SILENCE_S:g} s", mend="send it again")


class RateLimits:
    """A token bucket a caller: ten seconds' worth of requests at once, then as many as their key allows.

    clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def take(self, caller: Caller) -> None:
        """Count one request. Raises RateLimited."""
        rate = caller.requests_per_minute
        if rate is None:
            return
        now, size = self._clock(), max(1.0, rate / 6)
        if len(self._buckets) >= _CALLERS:
            self._buckets = {name: one for name, one in self._buckets.items() if one.full_at > now}
        bucket = self._buckets.setdefault(caller.name, _Bucket(size, now))
        bucket.left = min(size, bucket.left + (now - bucket.at) * rate / 60)
        bucket.at, bucket.full_at = now, now + (size - bucket.left + 1) * 60 / rate
        if bucket.left < 1:
            raise RateLimited(rate, (1 - bucket.left) * 60 / rate)
        bucket.left -= 1


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float
    full_at: float = 0.0


def is_form(content_type: str) -> bool:
    """Whether a body is a form that may hold files."""
    return content_type.startswith("multipart/form-data")


class BodyLimit:
    """Ends a request whose body is larger than its path takes, whatever it said of its length.

    default: bytes.  forms: bytes of a form with files, for a path and everything below it; what is read whole, as JSON
    is, has the default there, too.
    """

    def __init__(
        self,
        app: ASGIApp,
        default: int = JSON_BYTES,
        forms: Mapping[str, int] | None = None,
        silence_s: float = _SILENCE_S,
    ) -> None:
        self._app, self._default, self._forms, self._silence_s = app, default, dict(forms or {}), silence_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        limit = self._limit(scope["path"], headers.get("content-type", ""))
        said = headers.get("content-length", "")
        if said.isascii() and said.isdigit() and int(said[:20]) > limit:
            await _refuse(BodyTooLarge(limit), receive, send, unread=True)
            return
        body = _Counted(receive, limit, self._silence_s)
        begun = False

        async def unless_refused(message: Message) -> None:
            nonlocal begun
            # Whoever read the body may have made something else of the error; the answer is still this one.
            if body.refused is None or begun:
                begun = True
                await send(message)

        try:
            await self._app(scope, body.receive, unless_refused)
        except GreenroomError as error:
            if error is not body.refused:
                raise
        if body.refused is not None and not begun:
            await _refuse(body.refused, receive, send, unread=not body.whole)

    def _limit(self, path: str, kind: str) -> int:
        if not is_form(kind):
            return self._default
        found = (limit for at, limit in self._forms.items() if path == at or path.startswith(f"{at}/"))
        return max(found, default=self._default)


class _Counted:
    """The body of one request, counted. whole: all of it was seen.  refused: why the rest of it is not wanted."""

    def __init__(self, receive: Receive, limit: int, silence_s: float) -> None:
        self._receive, self._limit, self._silence_s = receive, limit, silence_s
        self._seen, self.whole = 0, False
        self.refused: GreenroomError | None = None

    async def receive(self) -> Message:
        if self.whole:  # what comes now is that the client left, and that may take as long as it likes
            return await self._receive()
        try:
            async with asyncio.timeout(self._silence_s):
                message = await self._receive()
        except TimeoutError:
            self.refused = BodyTooSlow()
            raise self.refused from None
        self._seen += len(message.get("body", b""))
        self.whole = not message.get("more_body", False)
        if self._seen > self._limit:
            self.refused = BodyTooLarge(self._limit)
            raise self.refused
        return message


async def _refuse(error: GreenroomError, receive: Receive, send: Send, *, unread: bool) -> None:
    answer = problem(error)
    # What is still under way would be read as the next request.
    answer.headers["connection"] = "close"
    await send({"type": "http.response.start", "status": answer.status_code, "headers": answer.raw_headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": True})
    # A connection that closes on unread bytes is reset, and the client loses the answer.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_S):
            while unread:
                unread = (await receive()).get("more_body", False)
    await send({"type": "http.response.body"})


class RequestIds:
    """Names every request, in the answer and in the logs; adds headers that keep browsers safe; counts.

    A sane X-Request-ID of the client's is taken over.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics | None = None) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope).get("x-request-id", "")
        request_id = asked if _REQUEST_ID.fullmatch(asked) else f"req_{secrets.token_hex(12)}"
        scope.setdefault("state", {})["request_id"] = request_id
        begun = time.perf_counter()
        # 499: the client left, or the answer never began.
        status, seconds = 499, 0.0

        async def with_headers(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start":
                status, seconds = message["status"], time.perf_counter() - begun
                given = list(message.get("headers", ()))
                names = {name.lower() for name, _ in given}
                missing = [header for header in _SECURITY if header[0] not in names]
                message = {**message, "headers": [*given, (b"x-request-id", request_id.encode()), *missing]}
            await send(message)

        with bind(request=request_id):
            try:
                await self._app(scope, receive, with_headers)
            finally:
                if self._metrics is not None:
                    route = getattr(scope.get("route"), "path", "") or "none"
                    self._metrics.http(scope["method"], route, status, seconds or time.perf_counter() - begun)
