"""Traces: one tree from the caller's span to the webhook, and nothing at all unless asked for."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from greenroom.errors import ExtraMissing
from greenroom.serve.tracing import Traced, Tracing, configure, valid_traceparent

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE, SPAN = 0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracing(spans: InMemorySpanExporter) -> Iterator[Tracing]:
    made = configure({}, exporter=spans)
    yield made
    made.close()


def sent(tracing: Tracing, spans: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    tracing._provider.force_flush()  # type: ignore[attr-defined]
    return {span.name: span for span in spans.get_finished_spans()}


def parent_of(span: ReadableSpan) -> tuple[int, int] | None:
    return None if span.parent is None else (span.parent.trace_id, span.parent.span_id)


def itself(span: ReadableSpan) -> tuple[int, int]:
    context = span.get_span_context()
    assert context is not None
    return context.trace_id, context.span_id


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        (PARENT, True), (None, False), ("", False), (PARENT.upper(), False), (PARENT + "-x", False),
        ("ff" + PARENT[2:], False), (PARENT.replace("b7ad6b7169203331", "0" * 16), False),
        ("00-" + "0" * 32 + PARENT[35:], False),
    ],
)  # fmt: skip
def test_a_traceparent_is_held_to_the_standard(value: str | None, valid: bool) -> None:
    assert valid_traceparent(value) == (value if valid else None)


def test_without_an_endpoint_nothing_is_imported_and_the_caller_s_trace_is_handed_on() -> None:
    script = (
        "import sys\n"
        "from greenroom.serve.tracing import configure\n"
        "tracing = configure({})\n"
        f"with tracing.span('job', parent='{PARENT}', job='job_1'):\n"
        "    with tracing.span('run'):\n"
        "        tracing.past('store', 1.0)\n"
        "        print(tracing.traceparent())\n"
        "print(tracing.traceparent(), tracing.on, 'opentelemetry' in sys.modules)\n"
        "tracing.close()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [PARENT, "None False False"]


def test_traces_that_cannot_be_made_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ExtraMissing) as caught:
        configure({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"})
    assert "greenroom[telemetry]" in caught.value.mend
    assert not configure({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}).on
    assert not configure({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}).on


def test_an_endpoint_turns_traces_on() -> None:
    made = configure({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"})
    assert made.on
    made.close()


def test_spans_are_one_tree_from_the_caller_s_on(tracing: Tracing, spans: InMemorySpanExporter) -> None:
    with tracing.span("job", parent=PARENT, job="job_1", attempt=2, model=None):
        handed = tracing.traceparent()
        with tracing.span("run"):
            tracing.past("wait", 1.5, device="cpu")
    assert tracing.traceparent() is None
    found = sent(tracing, spans)
    job, run, wait = found["job"], found["run"], found["wait"]
    assert parent_of(job) == (TRACE, SPAN)
    assert parent_of(run) == itself(job)
    assert parent_of(wait) == itself(run)
    assert handed == "00-{:032x}-{:016x}-01".format(*itself(job))
    assert job.attributes == {"greenroom.job": "job_1", "greenroom.attempt": 2}
    assert wait.end_time is not None
    assert wait.start_time is not None
    assert wait.end_time - wait.start_time == pytest.approx(1.5e9)
    assert job.resource.attributes["service.name"] == "greenroom"


def test_a_job_continues_its_trace_in_another_task(tracing: Tracing, spans: InMemorySpanExporter) -> None:
    """The row of the job carries the traceparent over the queue, and over a restart."""
    with tracing.span("request", parent=PARENT):
        kept = tracing.traceparent()

    async def job() -> None:
        with tracing.span("job", parent=kept):
            await asyncio.sleep(0)

    async def apart() -> None:
        await asyncio.gather(job(), asyncio.sleep(0))

    asyncio.run(apart())
    found = sent(tracing, spans)
    assert parent_of(found["job"]) == itself(found["request"])


def test_a_caller_who_does_not_record_is_not_recorded(tracing: Tracing, spans: InMemorySpanExporter) -> None:
    with tracing.span("job", parent=PARENT[:-1] + "0"):
        assert (tracing.traceparent() or "").endswith("-00")
    assert not sent(tracing, spans)


def test_a_failure_marks_its_span(tracing: Tracing, spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="no"), tracing.span("run"):
        raise ValueError("no")
    assert sent(tracing, spans)["run"].status.status_code is StatusCode.ERROR


def test_a_request_is_a_span_named_by_its_route(tracing: Tracing, spans: InMemorySpanExporter) -> None:
    app = FastAPI()

    @app.get("/v1/jobs/{job_id}")
    async def job(job_id: str) -> str | None:
        return tracing.traceparent()

    @app.get("/broken")
    async def broken() -> None:
        raise ValueError

    async def ask() -> str:
        transport = httpx.ASGITransport(Traced(app, tracing), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answer = await client.get("/v1/jobs/7", headers={"traceparent": PARENT})
            await client.get("/broken")
            await client.get("/nowhere", headers={"traceparent": "nonsense"})
            return str(answer.json())

    inside = asyncio.run(ask())
    found = sent(tracing, spans)
    span = found["GET /v1/jobs/{job_id}"]
    assert parent_of(span) == (TRACE, SPAN)
    assert inside == "00-{:032x}-{:016x}-01".format(*itself(span))
    assert span.attributes is not None
    assert span.attributes["http.response.status_code"] == 200
    assert found["GET /broken"].status.status_code is StatusCode.ERROR
    assert parent_of(found["GET none"]) is None


def test_requests_are_served_as_ever_without_traces() -> None:
    app = FastAPI()
    tracing = configure({})

    @app.get("/")
    async def here() -> str | None:
        return tracing.traceparent()

    async def ask() -> object:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(Traced(app, tracing)), base_url="http://test"
        ) as client:
            return (await client.get("/", headers={"traceparent": PARENT})).json()

    assert asyncio.run(ask()) == PARENT
