"""A loopback imitation of RunPod's queue, as the SDK sees it and as callers do.

The worker's side is HTTP, and answers as the platform was seen to answer: long polls for jobs, one or a batch, and for
stop signals; 204, 400 and 429; results of at most 10 MB and parts of at most 1 MB; pings. The caller's side is methods.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

KEY = "rpa_test"
POD = "pod-1"
MOST_RESULT, MOST_PART = 10_000_000, 1_000_000
_FINAL = ("COMPLETED", "FAILED", "CANCELLED")


@dataclass
class Job:
    """A job as the platform keeps it. times: when it was taken and done, by time.monotonic."""

    id: str
    input: Any
    status: str = "IN_QUEUE"
    output: Any = None
    error: str | None = None
    parts: list[Any] = field(default_factory=list)
    progress: list[tuple[float, Any]] = field(default_factory=list)
    late: list[Any] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    streamed: str | None = None
    taken_at: float = 0.0
    done_at: float = 0.0

    @property
    def final(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status in _FINAL


class Platform:
    """The platform for one worker, while the block runs. poll_s: how long it holds a poll, also one that is held
    already; the real one 90 s.

    replies: statuses that the next requests for jobs get instead of jobs.  refuse_results: so many results are answered
    with 500 first.
    """

    def __init__(self, poll_s: float = 0.5) -> None:
        self.poll_s = poll_s
        self.jobs: dict[str, Job] = {}
        self.replies: deque[int] = deque()
        self.refuse_results = 0
        self.takes: list[tuple[str, int, str]] = []
        self.pings: list[dict[str, str]] = []
        self.wrong: list[str] = []
        self._queue: deque[Job] = deque()
        self._stops: deque[str] = deque()
        self._numbers = itertools.count(1)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(60)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def environment(self) -> dict[str, str]:
        """What the platform sets for its workers, and what keeps the SDK's own checks from looking at this machine."""
        base = f"http://127.0.0.1:{self._port}/v2/endpoint-1"
        return {
            "RUNPOD_WEBHOOK_GET_JOB": f"{base}/job-take/$ID?gpu=none",
            "RUNPOD_WEBHOOK_POST_OUTPUT": f"{base}/job-done/$RUNPOD_POD_ID/$ID?gpu=none",
            "RUNPOD_WEBHOOK_POST_STREAM": f"{base}/job-stream/$RUNPOD_POD_ID/$ID?gpu=none",
            "RUNPOD_WEBHOOK_PING": f"{base}/ping/$RUNPOD_POD_ID?gpu=none",
            "RUNPOD_PING_INTERVAL": "1000",
            "RUNPOD_AI_API_KEY": KEY,
            "RUNPOD_POD_ID": POD,
            "RUNPOD_ENDPOINT_ID": "endpoint-1",
            "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS": "true",
            "RUNPOD_SKIP_GPU_CHECK": "true",
        }

    def run(self, given: Any, *, job_id: str | None = None) -> Job:
        """As POST /run. job_id: hand this one out, once more if it was before."""
        job = Job(job_id or f"job-{next(self._numbers)}-u1", given)
        self.jobs[job.id] = job
        self._queue.append(job)
        return job

    def cancel(self, job: Job) -> None:
        """As POST /cancel/ID."""
        if job in self._queue:
            self._queue.remove(job)
        else:
            self._stops.append(job.id)
        job.status = "CANCELLED"

    async def _open(self) -> None:
        app = web.Application(client_max_size=64_000_000, middlewares=[_authorised])
        app.router.add_get("/v2/endpoint-1/job-take/{pod}", self._take)
        app.router.add_get("/v2/endpoint-1/job-take-batch/{pod}", self._take)
        app.router.add_get("/v2/endpoint-1/job-stop/{pod}", self._stop)
        app.router.add_post("/v2/endpoint-1/job-done/{pod}/{job}", self._done)
        app.router.add_post("/v2/endpoint-1/job-stream/{pod}/{job}", self._part)
        app.router.add_get("/v2/endpoint-1/ping/{pod}", self._ping)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port: int = self._runner.addresses[0][1]

    async def _close(self) -> None:
        self.poll_s = 0
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        batch = int(request.query.get("batch_size", "0"))
        self.takes.append((request.match_info["pod"], batch, request.query["job_in_progress"]))
        if self.replies:
            return web.Response(status=self.replies.popleft())
        if not await self._held(lambda: bool(self._queue)):
            return web.Response(status=204)
        jobs = [self._queue.popleft() for _ in range(min(max(batch, 1), len(self._queue)))]
        for job in jobs:
            job.status, job.taken_at = "IN_PROGRESS", time.monotonic()
        said = [{"id": job.id, "input": job.input, "webhook": None} for job in jobs]
        return web.json_response(said if batch else said[0])

    async def _stop(self, request: web.Request) -> web.Response:
        if not await self._held(lambda: bool(self._stops)):
            return web.Response(status=204)
        stops = [self._stops.popleft() for _ in range(len(self._stops))]
        return web.json_response({"jobsToStop": stops})

    async def _done(self, request: web.Request) -> web.Response:
        job, text = self.jobs[request.match_info["job"]], await request.text()
        self._look(request, job)
        if len(text.encode()) > MOST_RESULT:
            return web.Response(status=400)
        if self.refuse_results:
            self.refuse_results -= 1
            return web.Response(status=500)
        said = json.loads(text)
        if said.get("status") == "IN_PROGRESS":
            if job.final:  # the real one lets it take the result's place
                job.late.append(said["output"])
            job.progress.append((time.monotonic(), said["output"]))
            return web.json_response({})
        job.results.append(said)
        job.streamed, job.done_at = request.query["isStream"], time.monotonic()
        job.output, job.error = said.get("output"), said.get("error")
        if job.status != "CANCELLED":
            job.status = "FAILED" if job.error else "COMPLETED"
        return web.json_response({})

    async def _part(self, request: web.Request) -> web.Response:
        job, text = self.jobs[request.match_info["job"]], await request.text()
        self._look(request, job)
        if len(text.encode()) > MOST_PART:
            return web.Response(status=400)
        job.parts.append(json.loads(text)["output"])
        return web.json_response({})

    async def _ping(self, request: web.Request) -> web.Response:
        self.pings.append(dict(request.query))
        return web.Response()

    async def _held(self, there: Callable[[], bool]) -> bool:
        """Hold a poll until there is something."""
        begun = time.monotonic()
        while not there() and time.monotonic() < begun + self.poll_s:
            await asyncio.sleep(0.005)
        return there()

    def _look(self, request: web.Request, job: Job) -> None:
        """Note what a worker of the platform would not send."""
        if request.match_info["pod"] != POD or request.headers.get("X-Request-ID") != job.id:
            self.wrong.append(f"{request.path} with X-Request-ID {request.headers.get('X-Request-ID')}")
        if request.content_type != "application/x-www-form-urlencoded":
            self.wrong.append(f"{request.path} as {request.content_type}")


@web.middleware
async def _authorised(request: web.Request, handler: Any) -> web.StreamResponse:
    if request.headers.get("Authorization") != KEY:
        return web.Response(status=401)
    response: web.StreamResponse = await handler(request)
    return response


def wait_for(there: Callable[[], Any], timeout_s: float = 60.0) -> None:
    """Wait until something is so; fails when it does not come."""
    until = time.monotonic() + timeout_s
    while not there():
        assert time.monotonic() < until, "it did not come in time"
        time.sleep(0.01)
