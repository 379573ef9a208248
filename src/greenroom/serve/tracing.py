"""Traces by OpenTelemetry, for who asks for them: OTEL_EXPORTER_OTLP_ENDPOINT says where they go.

Without it nothing of OpenTelemetry is imported, and a caller's traceparent is handed on as it came.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers

from greenroom import __version__
from greenroom.errors import ExtraMissing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
# W3C Trace Context: version, trace, span, flags. Version ff and ids of zeros are not valid.
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


def valid_traceparent(value: str | None) -> str | None:
    """A traceparent from outside, if it is one."""
    return value if value is not None and _TRACEPARENT.fullmatch(value) else None


class Tracing:
    """Hands traceparents on and makes no spans: what is used when nobody asked for traces."""

    on = False

    @contextlib.contextmanager
    def span(self, name: str, *, parent: str | None = None, **attributes: Any) -> Iterator[None]:
        """A piece of work. parent: a traceparent from elsewhere; otherwise the span around this one, if there is one.

        An exception that leaves it marks it as failed. attributes: short, and no secret.
        """
        token = _current.set(valid_traceparent(parent) or _current.get())
        try:
            yield
        finally:
            _current.reset(token)

    def past(self, name: str, seconds: float, *, parent: str | None = None, **attributes: Any) -> None:
        """A piece of work that ended now and took so long, such as a stage in another process."""

    def traceparent(self) -> str | None:
        """What to hand on from here: to a job's row, to a webhook."""
        return _current.get()

    def close(self) -> None:
        """Send what has not been sent."""


class _Exporting(Tracing):
    """Makes spans and sends them."""

    on = True

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        # Ours alone: libraries that look for the global provider find none, and send nothing.
        self._tracer = provider.get_tracer("greenroom", __version__)

    @contextlib.contextmanager
    def span(self, name: str, *, parent: str | None = None, **attributes: Any) -> Iterator[None]:
        context = _context(valid_traceparent(parent) or _current.get())
        with self._tracer.start_as_current_span(name, context, attributes=_plain(attributes)) as span:
            said = span.get_span_context()
            token = _current.set(f"00-{said.trace_id:032x}-{said.span_id:016x}-{int(said.trace_flags):02x}")
            try:
                yield
            finally:
                _current.reset(token)

    def past(self, name: str, seconds: float, *, parent: str | None = None, **attributes: Any) -> None:
        ended = time.time_ns()
        context = _context(valid_traceparent(parent) or _current.get())
        begun = ended - int(max(0.0, seconds) * 1e9)
        self._tracer.start_span(name, context, attributes=_plain(attributes), start_time=begun).end(ended)

    def close(self) -> None:
        self._provider.shutdown()


def configure(environ: Mapping[str, str] = os.environ, *, exporter: SpanExporter | None = None) -> Tracing:
    """Traces as the environment asks for them; by default none.

    OTEL_SERVICE_NAME, OTEL_EXPORTER_OTLP_HEADERS and the rest are OpenTelemetry's own variables. exporter: instead of
    the one over HTTP.  Raises ExtraMissing when traces are asked for and cannot be made.
    """
    if exporter is None and (environ.get("OTEL_SDK_DISABLED") == "true" or not any(map(environ.get, ENDPOINTS))):
        return Tracing()
    try:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        if exporter is None:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            exporter = OTLPSpanExporter()
    except ImportError as error:
        raise ExtraMissing("OpenTelemetry, which makes traces,", "telemetry") from error
    said = {"service.name": environ.get("OTEL_SERVICE_NAME") or "greenroom", "service.version": __version__}
    provider = TracerProvider(resource=Resource.create(said))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return _Exporting(provider)


class Traced:
    """A span for every request, named by its route; the caller's traceparent is its parent. Plain ASGI."""

    def __init__(self, app: ASGIApp, tracing: Tracing) -> None:
        self._app, self._tracing = app, tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        parent = Headers(scope=scope).get("traceparent")
        status = 499  # the client left

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._tracing.span(scope["method"], parent=parent):
            try:
                await self._app(scope, receive, noting)
            finally:
                if self._tracing.on:
                    _name_request(scope, status)


def _name_request(scope: Scope, status: int) -> None:
    from opentelemetry.trace import Status, StatusCode, get_current_span

    route = getattr(scope.get("route"), "path", "") or "none"
    span = get_current_span()
    span.update_name(f"{scope['method']} {route}")
    span.set_attributes({
        "http.request.method": scope["method"], "http.route": route, "http.response.status_code": status,
    })  # fmt: skip
    if status >= 500:
        span.set_status(Status(StatusCode.ERROR))


def _context(traceparent: str | None) -> Context | None:
    if traceparent is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({"traceparent": traceparent})


def _plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {
        f"greenroom.{name}": value if isinstance(value, bool | int | float) else str(value)
        for name, value in attributes.items()
        if value is not None
    }
