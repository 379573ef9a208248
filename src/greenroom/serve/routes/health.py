"""Whether the server lives, whether it is ready, and what it counts."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from greenroom.errors import GreenroomError
from greenroom.serve.paths import without_paths
from greenroom.serve.routes.access import At, By
from greenroom.serve.shapes import OBJECT, problems

router = APIRouter(tags=["health"])
_JSON = {"content": OBJECT}


@router.get("/livez", responses={200: _JSON})
async def live() -> Response:
    """Answers as long as the process does."""
    return JSONResponse({"status": "alive"})


@router.get("/readyz", responses={200: _JSON, 503: _JSON})
async def ready(server: At) -> Response:
    """200 once every model is warm and the database answers; otherwise 503 and what is missing, and why."""
    # Who asks has no key: what they read names no place of this machine.
    missing = {name: without_paths(reason) for name, reason in server.unready().items()}
    models = [
        {"name": state.name, "device": state.device, "state": state.state, "reason": without_paths(state.reason)}
        for state in server.pool.states()
    ]
    try:
        await server.jobs.ping()
        database = "ok"
    except GreenroomError as error:
        database = without_paths(error.message)
    is_ready = not missing and database == "ok" and not server.stopping.is_set()
    said = {
        "status": "ready" if is_ready else "stopping" if server.stopping.is_set() else "not ready",
        "not_ready": missing,
        "models": models,
        "database": database,
    }
    return JSONResponse(said, 200 if is_ready else 503)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}, **problems()})
async def metrics(server: At, _: By) -> Response:
    """For Prometheus."""
    await server.count_queues()
    body, kind = server.metrics.render()
    return Response(body, media_type=kind)
