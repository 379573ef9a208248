"""Limits: counted where it cannot be lied about, and answered in words."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from greenroom.serve.keys import ANONYMOUS, Caller
from greenroom.serve.limits import BodyLimit, RateLimited, RateLimits, RequestIds
from greenroom.serve.metrics import Metrics
from greenroom.serve.problems import install


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Counts(Metrics):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, str, int]] = []

    def http(self, method: str, route: str, status: int, seconds: float) -> None:
        assert seconds >= 0
        self.seen.append((method, route, status))


def test_a_caller_gets_a_burst_and_then_their_rate() -> None:
    clock = Clock()
    limits = RateLimits(clock)
    ann = Caller("ann", requests_per_minute=60)
    for _ in range(10):
        limits.take(ann)
    with pytest.raises(RateLimited) as caught:
        limits.take(ann)
    assert caught.value.retry_after_s == pytest.approx(1.0)
    clock.now += 1.0
    limits.take(ann)
    with pytest.raises(RateLimited):
        limits.take(ann)
    clock.now += 3600
    for _ in range(10):
        limits.take(ann)
    with pytest.raises(RateLimited):
        limits.take(ann)


def test_a_refused_request_costs_nothing() -> None:
    clock = Clock()
    limits = RateLimits(clock)
    ann = Caller("ann", requests_per_minute=6)
    limits.take(ann)
    for _ in range(50):
        clock.now += 0.1
        with pytest.raises(RateLimited):
            limits.take(ann)
    clock.now += 5.1
    limits.take(ann)


def test_callers_have_their_own_rates_and_anonymous_ones_none() -> None:
    limits = RateLimits(Clock())
    limits.take(Caller("ann", requests_per_minute=1))
    limits.take(Caller("bob", requests_per_minute=1))
    for _ in range(1000):
        limits.take(ANONYMOUS)
    with pytest.raises(RateLimited, match="1 requests a minute"):
        limits.take(Caller("ann", requests_per_minute=1))


def test_what_is_remembered_of_callers_has_a_bound_and_forgets_no_debt() -> None:
    clock = Clock()
    limits = RateLimits(clock)
    for number in range(3000):
        clock.now += 1
        limits.take(Caller(str(number), requests_per_minute=60))
    assert len(limits._buckets) <= 1000
    with pytest.raises(RateLimited):
        for _ in range(11):
            limits.take(Caller("2999", requests_per_minute=60))


def application(counts: Counts | None = None, silence_s: float = 30.0) -> ASGIApp:
    app = FastAPI()
    install(app)

    @app.post("/read")
    @app.post("/v1/uploads")
    @app.post("/v1/uploads/{part}")
    async def read(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @app.post("/swallow")
    async def swallow(request: Request) -> dict[str, str]:
        try:
            await request.body()
        except Exception:  # as a library in between may do
            return {"said": "all is well"}
        return {"said": "small"}

    @app.post("/json")
    async def parsed(body: dict[str, Any]) -> int:
        return len(body)

    router = APIRouter(prefix="/jobs")

    @router.get("/{job_id}")
    async def job(job_id: str, request: Request) -> dict[str, str]:
        logging.getLogger("greenroom.test").warning("looking")
        return {"id": job_id, "request": request.state.request_id}

    app.include_router(router)

    @app.get("/ticks")
    async def ticks() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            for _ in range(3):
                yield b"tick"
                await asyncio.sleep(0.05)

        return StreamingResponse(parts(), headers={"cache-control": "max-age=5"})

    limited = BodyLimit(app, default=1000, forms={"/v1/uploads": 5000}, silence_s=silence_s)
    return RequestIds(limited, metrics=counts)


def ask(app: ASGIApp, method: str, path: str, **more: Any) -> httpx.Response:
    async def asking() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.request(method, path, **more)

    return asyncio.run(asking())


async def pieces(count: int, size: int = 100) -> AsyncIterator[bytes]:
    """A body that says nothing of its length."""
    for _ in range(count):
        yield b"x" * size


@pytest.mark.parametrize(("path", "limit"), [("/read", 1000), ("/v1/uploads", 5000), ("/v1/uploads/part", 5000)])
def test_a_body_may_be_as_large_as_its_path_takes(path: str, limit: int) -> None:
    form = {"content-type": "multipart/form-data; boundary=x"}
    assert ask(application(), "POST", path, content=b"x" * limit, headers=form).json() == {"bytes": limit}
    answer = ask(application(), "POST", path, content=b"x" * (limit + 1), headers=form)
    assert answer.status_code == 413
    assert answer.json()["detail"] == f"the body has more than {limit:,} bytes"
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("path", ["/read", "/swallow", "/json"])
def test_a_body_without_a_length_is_counted(path: str) -> None:
    answer = ask(application(), "POST", path, content=pieces(11), headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["code"] == "body-too-large"
    assert ask(application(), "POST", "/read", content=pieces(10)).json() == {"bytes": 1000}


def test_a_length_that_lies_is_seen_through() -> None:
    """Servers check this too; the limit does not lean on them."""
    messages = iter([{"type": "http.request", "body": b"x" * 600, "more_body": number < 9} for number in range(10)])
    taken = 0
    sent: list[Message] = []

    async def receive() -> Message:
        nonlocal taken
        taken += 1
        return next(messages)

    async def send(message: Message) -> None:
        sent.append({**message, "after": taken})

    scope = {
        "type": "http", "method": "POST", "path": "/read", "raw_path": b"/read", "query_string": b"", "root_path": "",
        "headers": [(b"content-length", b"5")], "http_version": "1.1", "scheme": "http", "state": {},
    }  # fmt: skip
    asyncio.run(application()(scope, receive, send))  # type: ignore[arg-type]
    assert (sent[0]["status"], sent[0]["after"]) == (413, 2)
    assert taken == 10  # the rest is read, so that the client can read, too


def test_the_last_piece_may_be_the_one_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing more comes then, and nothing more is waited for."""
    monkeypatch.setattr("greenroom.serve.limits._LINGER_S", 60)  # where more may come
    begun = time.monotonic()
    assert ask(application(), "POST", "/read", content=pieces(1, 1001)).status_code == 413
    assert time.monotonic() - begun < 30


def test_a_body_that_stops_on_its_way_is_given_up() -> None:
    async def stopping() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.sleep(600)
        yield b"y"

    answer = ask(application(silence_s=0.05), "POST", "/read", content=stopping())
    assert (answer.status_code, answer.json()["code"]) == (408, "body-too-slow")


def test_an_answer_may_take_longer_than_a_body() -> None:
    assert ask(application(silence_s=0.01), "GET", "/ticks").content == b"tick" * 3


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("client-id.42", True), ("x" * 64, True), ("short", False), ("x" * 65, False), ("a b c d e f", False),
        ("<script>alert", False),
    ],
)  # fmt: skip
def test_a_request_has_an_id_and_a_sane_one_of_the_client_s_is_kept(given: str, taken: bool) -> None:
    answer = ask(application(), "GET", "/jobs/1", headers={"x-request-id": given})
    found = answer.headers["x-request-id"]
    assert (found == given) is taken
    assert answer.json()["request"] == found
    assert taken or found.startswith("req_")


def test_a_problem_names_its_request() -> None:
    answer = ask(application(), "GET", "/nowhere", headers={"x-request-id": "client-id"})
    assert answer.json()["instance"] == "urn:greenroom:request:client-id"
    large = ask(application(), "POST", "/read", content=b"x" * 1001, headers={"x-request-id": "client-id"})
    assert large.json()["instance"] == "urn:greenroom:request:client-id"


def test_every_answer_is_safe_in_a_browser_and_a_route_s_own_headers_stay() -> None:
    for answer in (ask(application(), "GET", "/jobs/1"), ask(application(), "GET", "/nowhere")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["cache-control"] == "no-store"
    assert ask(application(), "GET", "/ticks").headers["cache-control"] == "max-age=5"


def test_requests_are_counted_by_route_and_not_by_path() -> None:
    counts = Counts()
    app = application(counts)
    for path in ("/jobs/1", "/jobs/2", "/nowhere/" + "x" * 100):
        ask(app, "GET", path)
    ask(app, "POST", "/read", content=b"x" * 1001)
    assert counts.seen == [
        ("GET", "/jobs/{job_id}", 200), ("GET", "/jobs/{job_id}", 200), ("GET", "none", 404), ("POST", "none", 413),
    ]  # fmt: skip


def test_other_than_http_is_let_through() -> None:
    seen: list[str] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    asyncio.run(RequestIds(BodyLimit(inner))({"type": "lifespan"}, None, None))  # type: ignore[arg-type]
    assert seen == ["lifespan"]


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    """A real server, for what a client on a socket sees."""
    config = uvicorn.Config(application(), host="127.0.0.1", port=0, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize("head", [b"Transfer-Encoding: chunked", b"Content-Length: 10000000"])
def test_a_real_client_reads_why_its_body_was_not_taken(
    address: tuple[str, int], head: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It writes all that it has before it reads, as most do; a connection that was reset would have no answer."""
    monkeypatch.setattr("greenroom.serve.limits._LINGER_S", 60)  # as long as it takes a slow client to write

    async def endless() -> tuple[bytes, bytes]:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"POST /read HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n")
        for _ in range(100):
            writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
            await writer.drain()
        answer = await reader.readuntil(b"\r\n\r\n")
        length = int(re.findall(rb"(?i)content-length: (\d+)", answer)[0])
        body = await reader.readexactly(length)
        writer.close()
        return answer, body

    answer, body = asyncio.run(asyncio.wait_for(endless(), 50))
    assert b" 413 " in answer.splitlines()[0]
    assert json.loads(body)["code"] == "body-too-large"
