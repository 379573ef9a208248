"""A server with scripted jobs, for states that a real one shows rarely or only with large models.

It keeps to the contract of the API: a place in the queue, a slow job, a failed one, a pair of clips, uploads, keys.
What a job does is said by the first word of its text: ``slow``, ``wait``, ``fail``, ``late``; all else is spoken.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import json
import socket
import threading
import wave
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from typing import Annotated, Any, Literal

import av
import numpy as np
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request, UploadFile
from fastapi.responses import JSONResponse, Response, StreamingResponse

from greenroom.errors import GreenroomError
from greenroom.inputs import Input, Inputs
from greenroom.serve.page.page import page_routes
from tests.serve.page.sounds import TERMS, SoundInputs

ENDS = {"succeeded", "failed", "cancelled", "timed_out"}


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


def tone(seconds: float = 1.5) -> bytes:
    """A WAV of a tone that swells three times, as speech does."""
    times = np.arange(int(8000 * seconds)) / 8000
    sound = np.sin(2 * np.pi * 220 * times) * np.abs(np.sin(2 * np.pi * times)) * 0.6
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes((sound * 32767).astype("<i2").tobytes())
    return file.getvalue()


def clip(width: int = 96, sharp: bool = True, frames: int = 24) -> bytes:
    """A WebM of a square that crosses the picture in two seconds."""
    height = width * 9 // 16
    file = io.BytesIO()
    with av.open(file, "w", format="webm") as out:
        stream = out.add_stream("libvpx-vp9", rate=12, options={"crf": "30", "cpu-used": "8", "deadline": "realtime"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = Fraction(1, 12)
        for number in range(frames):
            picture = np.full((height, width, 3), (38, 90, 72) if sharp else (92, 92, 92), np.uint8)
            left = (width - height // 2) * number // frames
            picture[height // 4 : height * 3 // 4, left : left + height // 2] = (
                (240, 236, 220) if sharp else (150, 150, 150)
            )
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return file.getvalue()


def picture() -> bytes:
    """A PNG of a slope of colours."""
    across = np.linspace(0, 255, 160, dtype=np.uint8)
    pixels = np.stack(
        [np.tile(across, (90, 1)), np.full((90, 160), 140, np.uint8), np.tile(across[::-1], (90, 1))], axis=-1
    )
    coder = av.CodecContext.create("png", "w")
    coder.width, coder.height, coder.pix_fmt, coder.time_base = 160, 90, "rgb24", Fraction(1, 1)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
    return b"".join(bytes(packet) for packet in [*coder.encode(frame), *coder.encode(None)])


VTT = b"""WEBVTT

00:00.000 --> 00:00.700
The <00:00.300>first words

00:00.700 --> 00:01.500
and the last.
"""


def now() -> str:
    """ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class World:
    """All that outlives a restart of the server.

    pace: seconds between steps.  keys: taken ones; none needs no key.  held: no queued job begins.  paused: none that
    runs comes to its next step.  posts: what was asked for, with the idempotency keys.  drop_posts: the first so many
    answers get lost.  resumed: the Last-Event-IDs.
    """

    pace: float = 0.03
    keys: frozenset[str] = frozenset()
    held: bool = False
    paused: bool = False
    state: str = "ready"
    reason: str = ""
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    made: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    posts: list[dict[str, Any]] = field(default_factory=list)
    drop_posts: int = 0
    resumed: list[int] = field(default_factory=list)

    def add(self, model: str, given: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A new job, queued."""
        job_id = f"job_{len(self.jobs) + 1:04d}"
        self.jobs[job_id] = {
            "id": job_id, "object": "job", "model": model, "status": "queued", "progress": None, "queue_position": 0,
            "input": given, "output": None, "artifacts": [], "previews": [], "error": None, "attempts": 0,
            "max_attempts": 3, "priority": 0, "timeout_s": 1800.0, "ttl_s": None, "metadata": {},
            "cancel_requested": False,
            "created_at": now(), "started_at": None, "finished_at": None, **more,
        }  # fmt: skip
        self.events[job_id] = []
        self.happened(job_id, "queued")
        return self.jobs[job_id]

    def happened(self, job_id: str, kind: str, **data: Any) -> None:
        """Write an event."""
        known = self.events[job_id]
        known.append({"number": len(known) + 1, "kind": kind, "at": now(), **data})

    def end(self, job: dict[str, Any], status: str, **more: Any) -> None:
        """Settle a job."""
        job.update({"status": status, "finished_at": now(), "progress": None, "queue_position": None, **more})
        self.happened(job["id"], status)

    def keep(self, job: dict[str, Any], name: str, body: bytes, media_type: str, *, among: str = "artifacts") -> None:
        """Give a job an artifact, or a preview."""
        artifact = f"artifact_{len(self.made) + 1}"
        self.made[artifact] = (body, media_type)
        url = f"/v1/artifacts/{artifact}?expires=9999999999&signature=s"
        sha256 = hashlib.sha256(body).hexdigest()
        size = len(body)
        job[among].append(
            {"id": artifact, "name": name, "media_type": media_type, "size": size, "sha256": sha256, "url": url}
        )

    async def work(self, job: dict[str, Any]) -> None:
        """Do what a job's text says, from wherever it stands."""
        word = str(job["input"].get("text", "")).partition(" ")[0]
        while self.held or (word == "wait" and job["queue_position"] > 0):
            await asyncio.sleep(self.pace)
            if job["status"] != "queued":
                return None
        if job["status"] == "queued":
            job.update(status="running", queue_position=None, started_at=now(), attempts=job["attempts"] + 1)
            self.happened(job["id"], "started", attempt=job["attempts"])
        total = 400 if word == "slow" else 8
        for step in range(int((job["progress"] or {"done": 0})["done"]), total):
            await asyncio.sleep(self.pace)
            while self.paused:
                await asyncio.sleep(0.005)
            if job["cancel_requested"]:
                return self.end(job, "cancelled")
            left = round((total - step - 1) * self.pace, 2)
            said = {
                "stage": "sampling",
                "done": step + 1,
                "total": total,
                "fraction": (step + 1) / total,
                "eta_s": left,
            }
            job["progress"] = said
            self.happened(job["id"], "progress", **said)
        self.finish(job, word)
        return None

    def finish(self, job: dict[str, Any], word: str) -> None:
        """What comes out."""
        if word == "fail":
            error = {"code": "out-of-memory", "message": "the text needs 38 GB of GPU memory; 23 GB are free",
                     "mend": "use fewer steps", "retryable": False}  # fmt: skip
            return self.end(job, "failed", error=error)
        if word == "late":
            error = {"code": "job-timed-out", "message": "the job ran for 1,800 s, which is all it may",
                     "mend": "give it a larger timeout_s", "retryable": False}  # fmt: skip
            return self.end(job, "timed_out", error=error)
        if job["model"] == "voice-tone":
            self.keep(job, "speech.wav", tone(), "audio/wav")
            self.keep(job, "speech.vtt", VTT, "text/vtt")
            output: dict[str, Any] = {"seconds": 1.5, "loudness_lufs": -19.02, "words": 6, "language": "en", "seed": 7}
        elif job["model"] == "restore":
            self.keep(job, "restored.webm", clip(192), "video/webm")
            if job["previews"]:
                self.keep(job, "preview.png", picture(), "image/png")
            output = {"frames": 24, "size": "192x108"}
        else:
            self.keep(job, "picture.png", picture(), "image/png")
            output = {"size": "160x90"}
        return self.end(job, "succeeded", output=output)


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

    return app


def ranged(request: Request, body: bytes, media_type: str) -> Response:
    """A file, or the part of it that is asked for: browsers seek by ranges."""
    asked = request.headers.get("Range", "").removeprefix("bytes=").partition("-")
    if not asked[0]:
        return Response(body, media_type=media_type, headers={"Accept-Ranges": "bytes"})
    first, last = int(asked[0]), int(asked[2] or len(body) - 1)
    told = {"Content-Range": f"bytes {first}-{last}/{len(body)}", "Accept-Ranges": "bytes"}
    return Response(body[first : last + 1], 206, media_type=media_type, headers=told)


class StandIn:
    """The server in a thread; it may stop, and come back at the same address."""

    def __init__(self) -> None:
        self.world = World()
        self.port = 0
        self.listens = False

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Listen, at the port that was had before if there was one."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen()  # whoever comes before the server's thread has begun waits for it
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._server = uvicorn.Server(uvicorn.Config(make_app(self), log_level="critical", lifespan="on"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()
        self.listens = True

    def stop(self) -> None:
        """Go away at once, as a killed server does: open streams break."""
        self._server.should_exit = self._server.force_exit = True
        self._thread.join()
        self._listener.close()
        self.listens = False


@contextlib.contextmanager
def standing_in() -> Iterator[StandIn]:
    """A stand-in that listens."""
    server = StandIn()
    server.start()
    try:
        yield server
    finally:
        if server.listens:
            server.stop()
