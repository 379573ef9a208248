"""Jobs: accept, list, look at, follow, cancel, run again, delete."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from greenroom.jobs.history import Asked
from greenroom.jobs.job import EVENT_KINDS, Status
from greenroom.jobs.shown import shown_event, shown_job
from greenroom.serve.requests import json_of, read_job_body
from greenroom.serve.routes.access import At, By, accept, owner_of, run_again
from greenroom.serve.shapes import OF_BODIES, JobList, JobShown, event_stream, problems
from greenroom.serve.tracing import valid_traceparent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from greenroom.serve.server import Server

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

# A comment so often keeps proxies from closing a stream in which nothing happens.
_KEEP_ALIVE_S = 15.0
_KEY = Header(min_length=1, max_length=200, description="The same key and body give the same job, however often sent.")


@router.post("", status_code=202, response_model=JobShown, responses={200: {"model": JobShown}, **problems(*OF_BODIES)})
async def create(
    request: Request,
    server: At,
    caller: By,
    idempotency_key: Annotated[str | None, _KEY] = None,
    traceparent: Annotated[str | None, Header(description="The trace that this belongs to (W3C).")] = None,
) -> Response:
    """Accept a job. When this answers, the job is on disk, and it will be run whatever dies in between.

    200 instead of 202 when the idempotency key was seen before.
    """
    body = read_job_body(await json_of(request), server.served)
    # A traceparent that is not valid is ignored, as its standard asks.
    new = body.job(caller.name, idempotency_key, valid_traceparent(traceparent))
    job, is_new = await accept(server, caller, new)
    location = {"Location": f"/v1/jobs/{job.id}"}
    return JSONResponse(shown_job(job, server.artifact_link), 202 if is_new else 200, location)


@router.get("", response_model=JobList, responses=problems(404))
async def listed(
    server: At,
    caller: By,
    status: Annotated[Status | None, Query(description="Only jobs in this state.")] = None,
    model: Annotated[str | None, Query(max_length=200, description="Only jobs of this model.")] = None,
    q: Annotated[str, Query(max_length=200, description="Only jobs with all of these words.")] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    after: Annotated[str | None, Query(max_length=100, description="The last job of the page before.")] = None,
) -> Response:
    """Jobs, the newest first."""
    page = await server.jobs.page(Asked(owner_of(caller), status, model, q, after, limit))
    data = [shown_job(job, server.artifact_link) for job in page.jobs]
    last = data[-1]["id"] if data else None
    return JSONResponse({"object": "list", "data": data, "has_more": page.has_more, "last_id": last})


@router.get("/{job_id}", response_model=JobShown, responses=problems(404))
async def one(job_id: str, server: At, caller: By) -> Response:
    """One job."""
    return JSONResponse(shown_job(await server.jobs.get(job_id, owner_of(caller)), server.artifact_link))


@router.get(
    "/{job_id}/events",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": event_stream(
                *EVENT_KINDS, others="What the model tells, such as plan; its data stand under data."
            )
        },
        **problems(404),
    },
)
async def events(
    job_id: str,
    server: At,
    caller: By,
    last_event_id: Annotated[int, Header(ge=0, le=2**31 - 1, description="Go on behind this event.")] = 0,
) -> Response:
    """What happens to a job, as server-sent events, until its end."""
    await server.jobs.get(job_id, owner_of(caller))
    return StreamingResponse(_stream(server, job_id, last_event_id), media_type="text/event-stream", headers=_NO_BUFFER)


@router.post("/{job_id}/cancel", response_model=JobShown, responses=problems(404))
async def cancel(job_id: str, server: At, caller: By) -> Response:
    """Stop a job. One that waits ends at once, one that runs within a step; one that has ended stays as it is."""
    return JSONResponse(shown_job(await server.jobs.cancel(job_id, owner_of(caller)), server.artifact_link))


@router.post("/{job_id}/retry", response_model=JobShown, responses=problems(404, 409))
async def again(job_id: str, server: At, caller: By) -> Response:
    """Run a job once more that failed, timed out or was cancelled."""
    return JSONResponse(shown_job(await run_again(server, caller, job_id), server.artifact_link))


@router.delete("/{job_id}", status_code=204, response_class=Response, responses=problems(404, 409))
async def delete(job_id: str, server: At, caller: By) -> Response:
    """Forget a job that has ended, and its files."""
    await server.jobs.delete(job_id, owner_of(caller))
    return Response(status_code=204)


async def _stream(server: Server, job_id: str, after: int) -> AsyncIterator[str]:
    quiet_since = asyncio.get_running_loop().time()
    server.metrics.stream_opened()
    try:
        async for event in server.jobs.follow(job_id, after):
            moment = asyncio.get_running_loop().time()
            if server.stopping.is_set():
                return
            if event is not None:
                yield _event(event.number, event.kind, shown_event(event, server.artifact_link))
                quiet_since = moment
            elif moment - quiet_since >= _KEEP_ALIVE_S:
                yield ": \n\n"
                quiet_since = moment
    finally:
        server.metrics.stream_closed()


def _event(number: int, kind: str, data: Any) -> str:
    return f"id: {number}\nevent: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


_NO_BUFFER = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
