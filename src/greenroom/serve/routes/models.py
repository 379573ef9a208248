"""Models: which there are, what they take, and one request straight to a warm worker."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from starlette.background import BackgroundTask

from greenroom.errors import GreenroomError
from greenroom.progress import silent
from greenroom.recipes.catalogue import with_components
from greenroom.serve.leaving import unless_client_leaves
from greenroom.serve.paths import without_paths
from greenroom.serve.requests import json_of, read
from greenroom.serve.routes.access import At, By, owner_of, served_model
from greenroom.serve.shapes import BYTES, OBJECT, OF_BODIES, ModelList, ModelShown, problems
from greenroom.serve.workers.state import ABLE, ModelState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from greenroom.models.model import Generated
    from greenroom.models.registry import Served
    from greenroom.serve.keys import Caller
    from greenroom.serve.server import Server

router = APIRouter(prefix="/v1/models", tags=["models"])

# In JSON a file takes more than twice its size of memory, and its client needs all of it at once.
_MOST_IN_JSON = 25_000_000


class ResultTooLarge(GreenroomError):
    """A result was asked for as JSON, and its files are too large for that."""

    code = "result-too-large"

    def __init__(self, size: int) -> None:
        super().__init__(
            f"the result has {size:,} bytes, and JSON carries at most {_MOST_IN_JSON:,}",
            mend="ask without Accept: application/json for the file itself, or make it a job",
        )


@router.get("", response_model=ModelList, responses=problems())
async def listed(server: At, _: By) -> Response:
    """All models of this server."""
    data = [shown_model(server, served) for served in server.served.values()]
    return JSONResponse({"object": "list", "data": data})


@router.get("/{model}", response_model=ModelShown, responses=problems(404))
async def one(model: str, server: At, _: By) -> Response:
    """One model."""
    return JSONResponse(shown_model(server, served_model(server, model)))


@router.post(
    "/{model}/generate",
    responses={
        200: {
            "description": "The result itself; with ``Accept: application/json`` all files and facts as JSON.",
            "content": {**OBJECT, **BYTES},
        },
        **problems(404, 406, *OF_BODIES),
    },
)
async def generate(model: str, request: Request, server: At, caller: By) -> Response:
    """Do one request now, on a warm worker, and answer with its result. Who leaves stops it."""
    served = served_model(server, model)
    inputs = read(served.inputs, await json_of(request)).model_dump(mode="json")
    await server.media.check(served, inputs, owner_of(caller))
    folder = server.folders.take()
    try:
        made = await unless_client_leaves(request, run_now(server, served, inputs, caller, folder))
        if made.files and "application/json" not in request.headers.get("accept", ""):
            first = made.files[0]
            done = BackgroundTask(server.folders.give_back, folder)
            return FileResponse(first.path, media_type=first.media_type, filename=first.path.name, background=done)
        answer = await asyncio.to_thread(_whole, made) if made.files else _whole(made)
    except BaseException:
        server.folders.remove(folder)
        raise
    await server.folders.give_back(folder)
    return answer


async def run_now(server: Server, served: Served, inputs: Mapping[str, Any], caller: Caller, folder: Path) -> Generated:
    """One request ahead of all jobs that wait; its files are made in ``folder``. Raises GreenroomError."""
    given = server.folders.take()
    try:
        ready = await server.media.fetch(served, inputs, owner_of(caller), given, silent)
        made = await server.pool.run(served.name, ready, folder, urgent=True)
    except BaseException:
        server.folders.remove(given)
        raise
    await server.folders.give_back(given)
    return made


def shown_model(server: Server, served: Served) -> dict[str, Any]:
    """A model with how it stands: as the best of its devices."""
    states = [state for state in server.pool.states() if state.name == served.name]
    best = min(states, key=lambda state: state.state not in ABLE, default=ModelState(served.name, "loading", ""))
    recipe = served.recipe
    limits = [said for part in with_components(recipe.name) for said in part.all_restrictions] if recipe else []
    return {
        "id": served.name,
        "object": "model",
        "created": int(server.started_at),
        "owned_by": "greenroom",
        "title": recipe.title if recipe else served.name,
        "summary": recipe.summary if recipe else (served.model.__doc__ or "").strip().split("\n")[0],
        "task": recipe.task if recipe else "other",
        "state": best.state,
        "reason": without_paths(best.reason),
        "device": best.device,
        "streams": served.streams,
        "inputs": served.inputs.model_json_schema(),
        "presets": [{"name": name, "input": dict(values)} for name, values in served.inputs.presets.items()],
        "outputs": [output.model_dump(mode="json") for output in recipe.outputs] if recipe else [],
        "notice": "; ".join(dict.fromkeys(said.short for said in limits)),
        "restrictions": list(dict.fromkeys(said.text for said in limits)),
        "licences": [f"{licence.part} {licence.words}" for licence in recipe.licences] if recipe else [],
    }


def _whole(made: Generated) -> Response:
    """Everything in one answer, off the event loop. Raises ResultTooLarge."""
    size = sum(file.path.stat().st_size for file in made.files)
    if size > _MOST_IN_JSON:
        raise ResultTooLarge(size)
    files = [
        {
            "name": file.path.name,
            "media_type": file.media_type,
            "size": file.path.stat().st_size,
            "data": base64.b64encode(file.path.read_bytes()).decode(),
        }
        for file in made.files
    ]
    return JSONResponse({"output": dict(made.output), "files": files})
