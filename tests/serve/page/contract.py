"""The contract of the API, as far as the page needs it, over the world of a stand-in."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import Depends, FastAPI, HTTPException, Request, UploadFile
from fastapi.responses import JSONResponse, Response, StreamingResponse

from greenroom.errors import GreenroomError
from greenroom.inputs import Input, Inputs
from greenroom.serve.page.page import page_routes
from tests.serve.page.sounds import TERMS, SoundInputs
from tests.serve.page.world import ENDS

if TYPE_CHECKING:
    from tests.serve.page.stand_in import StandIn

Begin = Callable[[dict[str, Any]], None]
"""Has a job worked at."""


class VoiceInputs(Inputs):
    """A text and how to say it."""

    text: Annotated[str, Input("What to say.", min_length=1, max_length=2_000)]
    speed: Annotated[float, Input("1 keeps the voice's own pace.", ge=0.25, le=4.0, unit="x")] = 1.0
    loudness: Annotated[float, Input("How loud the whole is, by EBU R 128.", ge=-40, le=-6, unit="LUFS")] = -19.0
    steps: Annotated[int, Input("Solver steps: more is slower and cleaner.", ge=4, le=64)] = 32
    clean: Annotated[bool, Input("Shorten the long pauses of the result.")] = False
    speaker: Annotated[int | None, Input("Which person, for voices that are several.", ge=0)] = None
    duration: Annotated[float | None, Input("Length, instead of the one the text suggests.", gt=0, unit="s")] = None
    seed: Annotated[int, Input("Same seed, same words, same sound.", ge=0, le=2**31 - 1)] = 0


class RestoreInputs(Inputs):
    """Restoration of a video or a picture."""

    source: Annotated[str, Input("The video or the picture to restore.", min_length=1, media="video-or-image")]
    colour: Annotated[Literal["wavelet", "lab", "none"], Input("How to give the result its colours.")] = "wavelet"
    seed: Annotated[int | None, Input("Same seed, same source, same result.", ge=0, le=2**31 - 1)] = None


class PictureInputs(Inputs):
    """A picture of a text."""

    prompt: Annotated[str, Input("What the picture shows.")]


DECLARED: dict[str, type[Inputs]] = {
    "voice-tone": VoiceInputs, "restore": RestoreInputs, "picture": PictureInputs, "sounds": SoundInputs,
}  # fmt: skip
TITLES = {
    "voice-tone": ("Tone, a voice", "text-to-speech"),
    "restore": ("Restore", "video-restoration"),
    "picture": ("Picture", "text-to-image"),
    "sounds": ("Sounds", "sound-for-video"),
}


def problem(status: int, detail: str, code: str, **more: Any) -> JSONResponse:
    """RFC 9457."""
    body = {"type": "about:blank", "title": "Error", "status": status, "detail": detail, "code": code, **more}
    return JSONResponse(body, status, media_type="application/problem+json")


def make_app(here: StandIn) -> FastAPI:
    """The contract over the world that is here."""
    running: set[asyncio.Task[None]] = set()

    def begin(job: dict[str, Any]) -> None:
        task = asyncio.get_running_loop().create_task(here.world.work(job))
        running.add(task)
        task.add_done_callback(running.discard)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        for job in here.world.jobs.values():
            if job["status"] in ("queued", "running"):
                begin(job)
        yield
        for task in running:
            task.cancel()

    def guard(request: Request) -> None:
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if here.world.keys and "signature" not in request.query_params and key not in here.world.keys:
            raise HTTPException(401)

    app = FastAPI(lifespan=lifespan, routes=page_routes(), dependencies=[Depends(guard)])

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> Response:
        return problem(error.status_code, "the API key is missing or not known", "key-wrong", mend="send a key")

    _models(app, here)
    _asking(app, here, begin)
    _looking(app, here)
    _steering(app, here, begin)
    _files(app, here)
    return app


def _models(app: FastAPI, here: StandIn) -> None:
    """What there is to ask."""

    @app.get("/v1/models")
    async def models() -> dict[str, Any]:
        presets = [{"name": "Quick draft", "input": {"steps": 8}}, {"name": "Careful", "input": {"steps": 64}}]
        return {"object": "list", "data": [
            {"id": name, "object": "model", "created": 1, "owned_by": "greenroom", "title": TITLES[name][0],
             "task": TITLES[name][1], "state": here.world.state if name == "voice-tone" else "ready",
             "reason": here.world.reason if name == "voice-tone" else "", "device": "cpu",
             "inputs": declared.model_json_schema(), "presets": presets if name == "voice-tone" else [],
             "streams": False, "outputs": [], "notice": "", "restrictions": [], "licences": [], **TERMS.get(name, {})}
            for name, declared in DECLARED.items()
        ]}  # fmt: skip


def _asking(app: FastAPI, here: StandIn, begin: Begin) -> None:
    """Jobs that are made."""

    @app.post("/v1/jobs")
    async def create(request: Request) -> Response:
        body = await request.json()
        key = request.headers["Idempotency-Key"]
        here.world.posts.append({"key": key, **body})
        lost = len(here.world.posts) <= here.world.drop_posts
        if key in here.world.seen:
            return Response(status_code=502) if lost else JSONResponse(here.world.jobs[here.world.seen[key]], 200)
        try:
            given = DECLARED[body["model"]].check(body["input"])
        except GreenroomError as error:
            name = error.message.partition(" ")[0]
            return problem(
                422, error.message, error.code, mend=error.mend, errors=[{"field": name, "message": error.message}]
            )
        if str(body["input"].get("text", "")).startswith("refuse"):
            return problem(422, "text is not to be said here", "input-invalid", mend="write something else")
        job = here.world.add(body["model"], given.model_dump(exclude_unset=True))
        if str(body["input"].get("text", "")).startswith("wait"):
            job["queue_position"] = 2
        here.world.seen[key] = job["id"]
        begin(job)
        told = {"Location": f"/v1/jobs/{job['id']}"}
        return Response(status_code=502) if lost else JSONResponse(job, 202, headers=told)


def _looking(app: FastAPI, here: StandIn) -> None:
    """Jobs that are looked at."""

    @app.get("/v1/jobs")
    async def history(q: str = "", status: str = "", limit: int = 20, after: str = "") -> dict[str, Any]:
        known = [job for job in reversed(here.world.jobs.values()) if not after or job["id"] < after]
        fits = [job for job in known if status in ("", job["status"]) and q.lower() in json.dumps(job["input"]).lower()]
        last = fits[:limit][-1]["id"] if fits else None
        return {"object": "list", "data": fits[:limit], "has_more": len(fits) > limit, "last_id": last}

    @app.get("/v1/jobs/{job_id}")
    async def one(job_id: str) -> Response:
        job = here.world.jobs.get(job_id)
        return JSONResponse(job) if job else problem(404, f"there is no job {job_id}", "job-unknown")

    @app.get("/v1/jobs/{job_id}/events")
    async def events(job_id: str, request: Request) -> Response:
        world = here.world
        begun = int(request.headers.get("Last-Event-ID", "0"))
        here.world.resumed.append(begun)

        async def stream() -> AsyncIterator[str]:
            sent = begun
            while True:
                for event in world.events[job_id][sent:]:
                    sent = event["number"]
                    yield f"id: {sent}\nevent: {event['kind']}\ndata: {json.dumps(event)}\n\n"
                    if event["kind"] in ENDS and sent == len(world.events[job_id]):
                        return
                yield ": here\n\n"
                await asyncio.sleep(world.pace / 2)

        return StreamingResponse(stream(), media_type="text/event-stream")


def _steering(app: FastAPI, here: StandIn, begin: Begin) -> None:
    """Jobs that are stopped, or done again."""

    @app.post("/v1/jobs/{job_id}/cancel")
    async def cancel(job_id: str) -> dict[str, Any]:
        job = here.world.jobs[job_id]
        job["cancel_requested"] = True
        if job["status"] == "queued":
            here.world.end(job, "cancelled")
        else:
            here.world.happened(job_id, "cancelling")
        return job

    @app.post("/v1/jobs/{job_id}/retry")
    async def retry(job_id: str) -> Response:
        job = here.world.jobs[job_id]
        if job["status"] not in ENDS:
            return problem(409, f"job {job_id} has not ended", "job-conflict", mend="wait for its end")
        job.update(
            status="queued", queue_position=0, error=None, finished_at=None, cancel_requested=False, artifacts=[]
        )
        here.world.happened(job_id, "queued")
        begin(job)
        return JSONResponse(job)


def _files(app: FastAPI, here: StandIn) -> None:
    """What goes in and comes out."""

    @app.get("/v1/artifacts/{artifact}")
    async def artifact(artifact: str, request: Request) -> Response:
        return ranged(request, *here.world.made[artifact])

    @app.post("/v1/uploads")
    async def upload(file: UploadFile) -> Response:
        body = await file.read()
        if body.startswith(b"not media"):
            return problem(415, f"{file.filename} is not a media file", "file-unreadable", mend="choose another")
        name = f"upload_{len(here.world.made) + 1}"
        here.world.made[name] = (body, file.content_type or "")
        return JSONResponse(described(name, file.filename or ""), 201)

    def described(name: str, file_name: str) -> dict[str, Any]:
        body, media_type = here.world.made[name]
        url = f"/v1/uploads/{name}/content?expires=9999999999&signature=s"
        return {"id": name, "object": "upload", "name": file_name, "media_type": media_type, "size": len(body),
                "sha256": hashlib.sha256(body).hexdigest(), "url": url}  # fmt: skip

    @app.get("/v1/uploads/{name}")
    async def uploaded(name: str) -> dict[str, Any]:
        return described(name, "street.webm")

    @app.get("/v1/uploads/{name}/content")
    async def content(name: str, request: Request) -> Response:
        return ranged(request, *here.world.made[name])


def ranged(request: Request, body: bytes, media_type: str) -> Response:
    """A file, or the part of it that is asked for: browsers seek by ranges."""
    asked = request.headers.get("Range", "").removeprefix("bytes=").partition("-")
    if not asked[0]:
        return Response(body, media_type=media_type, headers={"Accept-Ranges": "bytes"})
    first, last = int(asked[0]), int(asked[2] or len(body) - 1)
    told = {"Content-Range": f"bytes {first}-{last}/{len(body)}", "Accept-Ranges": "bytes"}
    return Response(body[first : last + 1], 206, media_type=media_type, headers=told)
