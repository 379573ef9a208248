"""RunPod's queue interface, so that its clients work unchanged against one's own machine.

The same routes stand at ``/v2/{endpoint}``, where an endpoint is a model, and at the root, for the first model. Facts:
https://docs.runpod.io/serverless/endpoints/send-requests.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from greenroom.jobs.errors import JobUnknown
from greenroom.jobs.job import Job, NewJob, Status, Webhook
from greenroom.jobs.shown import shown_artifact, shown_event
from greenroom.serve.requests import json_of, read, run_body
from greenroom.serve.routes.access import At, By, accept, owner_of, run_again, served_model
from greenroom.serve.shapes import OBJECT, OF_BODIES, json_body, problems
from greenroom.serve.workers.state import ABLE

if TYPE_CHECKING:
    from greenroom.serve.keys import Caller
    from greenroom.serve.server import Server

router = APIRouter(tags=["runpod"])


def _endpoint(request: Request) -> str:
    """The endpoint of the path; empty at the root."""
    return str(request.path_params.get("endpoint", ""))


Endpoint = Annotated[str, Depends(_endpoint)]

_STATUS: dict[Status, str] = {
    "queued": "IN_QUEUE", "running": "IN_PROGRESS", "succeeded": "COMPLETED", "failed": "FAILED",
    "cancelled": "CANCELLED", "timed_out": "TIMED_OUT",
}  # fmt: skip
_DEFAULT_WAIT_MS = 90_000
# A job that goes on saying something must not keep its reader from what it has said: clients wait for ten seconds.
_STREAM_S = 1.0
_JSON: dict[int | str, dict[str, Any]] = {200: {"content": OBJECT}}


@router.post("/run", responses={**_JSON, **problems(*OF_BODIES)}, openapi_extra=json_body("RunBody"))
async def run(request: Request, server: At, caller: By, endpoint: Endpoint) -> Response:
    """Accept a job."""
    job = await _accepted(request, server, caller, endpoint)
    return JSONResponse({"id": job.id, "status": "IN_QUEUE"})


@router.post("/runsync", responses={**_JSON, **problems(*OF_BODIES)}, openapi_extra=json_body("RunBody"))
async def runsync(
    request: Request,
    server: At,
    caller: By,
    endpoint: Endpoint,
    wait: Annotated[int, Query(ge=1000, le=300_000, description="Milliseconds.")] = _DEFAULT_WAIT_MS,
) -> Response:
    """Accept a job and wait for its end; it goes on when the wait is over."""
    accepted = await _accepted(request, server, caller, endpoint)
    job = await server.jobs.wait(accepted.id, wait / 1000, owner_of(caller))
    return JSONResponse(_shown(server, job))


@router.get("/status/{job_id}", responses={**_JSON, **problems(404)})
@router.post("/status/{job_id}", responses={**_JSON, **problems(404)})
async def status(job_id: str, server: At, caller: By, endpoint: Endpoint) -> Response:
    """How a job stands."""
    return JSONResponse(_shown(server, await _job(server, caller, endpoint, job_id)))


@router.get("/stream/{job_id}", responses={**_JSON, **problems(404)})
async def stream(
    job_id: str,
    server: At,
    caller: By,
    endpoint: Endpoint,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="Only what happened behind this event.")] = 0,
) -> Response:
    """What happened to a job since it was last asked for, each thing once; waits a second for some."""
    await _job(server, caller, endpoint, job_id)
    owner = owner_of(caller)
    cursors: dict[str, int] = server.cursors
    events = []
    until = asyncio.get_running_loop().time() + _STREAM_S
    async for event in server.jobs.follow(job_id, max(after, cursors.get(job_id, 0)), owner):
        if event is None:
            break
        events.append(event)
        if len(events) >= 100 or asyncio.get_running_loop().time() >= until:
            break
    if events:
        cursors[job_id] = events[-1].number
        while len(cursors) > 10_000:
            del cursors[next(iter(cursors))]
    job = await server.jobs.get(job_id, owner)
    return JSONResponse(
        {**_shown(server, job), "stream": [{"output": shown_event(event, server.artifact_link)} for event in events]}
    )


@router.post("/cancel/{job_id}", responses={**_JSON, **problems(404)})
async def cancel(job_id: str, server: At, caller: By, endpoint: Endpoint) -> Response:
    """Stop a job."""
    await _job(server, caller, endpoint, job_id)
    job = await server.jobs.cancel(job_id, owner_of(caller))
    if not job.ended:
        job = await server.jobs.wait(job_id, 5.0, owner_of(caller))
    return JSONResponse({"id": job.id, "status": _STATUS[job.status]})


@router.post("/retry/{job_id}", responses={**_JSON, **problems(404, 409)})
async def retry(job_id: str, server: At, caller: By, endpoint: Endpoint) -> Response:
    """Run a job once more, under the same id."""
    await _job(server, caller, endpoint, job_id)
    job = await run_again(server, caller, job_id)
    return JSONResponse({"id": job.id, "status": _STATUS[job.status]})


@router.post("/purge-queue", responses={**_JSON, **problems(404)})
async def purge(server: At, caller: By, endpoint: Endpoint) -> Response:
    """Cancel all jobs that wait."""
    model = endpoint and served_model(server, endpoint).name
    return JSONResponse({"removed": await server.jobs.purge(owner_of(caller), model or None), "status": "completed"})


@router.get("/health", responses={**_JSON, **problems(404)})
async def health(server: At, caller: By, endpoint: Endpoint) -> Response:
    """Jobs and workers, counted."""
    name = endpoint and served_model(server, endpoint).name
    counted, depths = await asyncio.gather(server.jobs.counts(owner_of(caller), name), server.jobs.depths())
    running = sum(depth.running for depth in depths if not name or depth.model == name)
    states = [state for state in server.pool.states() if not name or state.name == name]
    able = sum(state.state in ABLE for state in states)
    failed = sum(state.state == "failed" for state in states)
    jobs = {
        "completed": counted.get("succeeded", 0),
        "failed": counted.get("failed", 0) + counted.get("timed_out", 0),
        "inProgress": counted.get("running", 0),
        "inQueue": counted.get("queued", 0),
        "retried": 0,
    }
    workers = {
        "idle": max(0, able - running), "running": min(able, running), "initializing": len(states) - able - failed,
        "unhealthy": failed, "throttled": 0, "ready": able,
    }  # fmt: skip
    return JSONResponse({"jobs": jobs, "workers": workers})


async def _job(server: Server, caller: Caller, endpoint: str, job_id: str) -> Job:
    """A job of the caller's, at its own endpoint. Raises JobUnknown."""
    job = await server.jobs.get(job_id, owner_of(caller))
    if endpoint and job.model != endpoint:
        raise JobUnknown(job_id)
    return job


async def _accepted(request: Request, server: Server, caller: Caller, endpoint: str) -> Job:
    served = served_model(server, endpoint) if endpoint else next(iter(server.served.values()))
    body = read(run_body(served), await json_of(request))
    policy = body.policy
    new = NewJob(
        model=served.name,
        input=body.input.model_dump(mode="json"),
        owner=caller.name,
        priority=-10 if policy.lowPriority else 0,
        timeout_s=policy.executionTimeout / 1000 if policy.executionTimeout else served.timeout_s,
        ttl_s=policy.ttl / 1000 if policy.ttl else None,
        webhook=Webhook(body.webhook) if body.webhook else None,
    )
    job, _ = await accept(server, caller, new)
    return job


def _shown(server: Server, job: Job) -> dict[str, Any]:
    """A job in that platform's words; times are milliseconds."""
    shown: dict[str, Any] = {"id": job.id, "status": _STATUS[job.status], "workerId": job.host or "greenroom"}
    if job.started_at is not None:
        shown["delayTime"] = max(0, job.started_at - job.created_at)
        if job.finished_at is not None:
            shown["executionTime"] = max(0, job.finished_at - job.started_at)
    previews = [shown_artifact(artifact, server.artifact_link) for artifact in job.previews]
    seen = {"previews": previews} if previews else {}
    if job.status == "succeeded":
        files = [shown_artifact(artifact, server.artifact_link) for artifact in job.artifacts]
        shown["output"] = {**(job.output or {}), "files": files, **seen}
    elif job.status == "running" and job.progress is not None:
        shown["output"] = {"stage": job.progress.stage, "fraction": round(job.progress.fraction, 4), **seen}
    elif job.error is not None:
        shown["error"] = f"{job.error['message']} [{job.error['code']}]"
    return shown
