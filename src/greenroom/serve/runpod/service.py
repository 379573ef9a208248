"""One job from its input to its answer, on the side of the model: checked, fetched, made, delivered."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import shutil
import tempfile
from collections import OrderedDict
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from greenroom.errors import GreenroomError, InputInvalid
from greenroom.models.model import untold
from greenroom.serve.runpod.results import deliver, show
from greenroom.serve.runpod.unfinished import Unfinished

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping

    from greenroom.inputs import Inputs
    from greenroom.models.model import Generated, MadeFile
    from greenroom.models.registry import Served
    from greenroom.progress import Step
    from greenroom.serve.runpod.store import Store

    Tell = Callable[[str, Mapping[str, Any]], None]

# So many answers are kept for jobs that the platform hands out again because their result got lost on its way.
_KEPT = 4


class Runs(Protocol):
    """What is needed of the pool."""

    async def run(
        self,
        model: str,
        inputs: dict[str, Any],
        folder: Path,
        *,
        step: Step,
        request: str,
        kept: Path | None,
        tell: Tell,
        show: Callable[[MadeFile], None] | None,
    ) -> Generated:
        """Do one request. request: its name in the log.  kept: for what outlives it."""

    def stream(self, model: str, inputs: dict[str, Any], folder: Path, *, request: str) -> AsyncGenerator[bytes, None]:
        """Do one request, and give its result while it is made."""


class Fetch(Protocol):
    """Brings the media that inputs name by URL into a folder."""

    async def __call__(self, inputs: Inputs, folder: Path) -> dict[str, Any]:
        """The inputs as JSON, with paths in place of URLs. Raises InputInvalid."""


class Service:
    """A model as the handler uses it. One loop only: that of the pool."""

    def __init__(
        self, pool: Runs, served: Served, fetch: Fetch, store: Store | None, unfinished: Unfinished | None = None
    ) -> None:
        self._pool = pool
        self._unfinished = unfinished or Unfinished(None)
        self._served = served
        self._fetch = fetch
        self._store = store
        self._begun: dict[str, asyncio.Task[dict[str, Any]]] = {}
        self._answers: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def wants_stream(self, job: Mapping[str, Any]) -> bool:
        """Whether the job asks for its result in parts, with ``stream`` in its input. Raises InputInvalid."""
        given = _given(job)
        if "stream" in self._served.inputs.model_fields or "stream" not in given:
            return False
        if not isinstance(given["stream"], bool):
            raise InputInvalid("stream is neither true nor false", mend="give true or false, or leave it out")
        if given["stream"] and not self._served.streams:
            raise InputInvalid(f"{self._served.name} does not stream", mend="leave out stream")
        return given["stream"]

    async def do(self, job: Mapping[str, Any], step: Step, tell: Tell = untold) -> dict[str, Any]:
        """The answer to a job. A job that is handed out twice is done once. Raises GreenroomError.

        tell: called with what the model tells, and with ``preview`` for what it shows, where a store can give it.
        """
        job_id = str(job["id"])
        if job_id in self._answers:
            return dict(self._answers[job_id])
        if job_id not in self._begun:
            self._begun[job_id] = asyncio.ensure_future(self._do(job, step, tell))
            self._begun[job_id].add_done_callback(lambda _: self._begun.pop(job_id, None))
        answer = await self._begun[job_id]
        self._answers[job_id] = answer
        while len(self._answers) > _KEPT:
            self._answers.popitem(last=False)
        return dict(answer)

    async def stream(self, job: Mapping[str, Any]) -> AsyncGenerator[bytes, None]:
        """The result of a job, while it is made. Raises GreenroomError."""
        inputs = self._checked(job)
        async with _folder() as folder:
            values = await self._fetch(inputs, folder)
            made = self._pool.stream(self._served.name, values, _work(folder), request=str(job["id"]))
            async with aclosing(made) as blocks:
                async for block in blocks:
                    yield block

    def media_type(self, job: Mapping[str, Any]) -> str:
        """What the parts of a stream are. Raises InputInvalid."""
        return self._served.model.stream_type(self._checked(job))

    async def _do(self, job: Mapping[str, Any], step: Step, tell: Tell) -> dict[str, Any]:
        inputs, job_id = self._checked(job), str(job["id"])
        try:
            async with _folder() as folder:
                values = await self._fetch(inputs, folder)
                made = await self._made(values, folder, job_id, step, tell)
                answer = await deliver(made, folder, job_id, self._store)
        except GreenroomError as error:
            await asyncio.to_thread(self._unfinished.failed, job_id, error)
            raise
        except asyncio.CancelledError:  # the platform stopped it, for good
            self._unfinished.remove(job_id)
            raise
        await asyncio.to_thread(self._unfinished.remove, job_id)
        return answer

    async def _made(self, values: dict[str, Any], folder: Path, job_id: str, step: Step, tell: Tell) -> Generated:
        kept = await asyncio.to_thread(self._unfinished.take, job_id)
        shown: list[asyncio.Task[None]] = []

        def see(file: MadeFile) -> None:
            if self._store is not None:
                shown.append(asyncio.create_task(show(file, job_id, self._store, tell)))

        try:
            return await self._pool.run(
                self._served.name, values, _work(folder), step=step, request=job_id, kept=kept, tell=tell, show=see
            )
        finally:
            for task in shown:  # the result says more
                task.cancel()
            await asyncio.gather(*shown, return_exceptions=True)

    def _checked(self, job: Mapping[str, Any]) -> Inputs:
        values = _given(job)
        if "stream" not in self._served.inputs.model_fields:
            values.pop("stream", None)
        return self._served.inputs.check(values)


class Parts:
    """The parts of a stream as its caller gets them, and what is left of them in the answer to the whole job.

    The SDK keeps every part for that answer. As long as all of them fit into it they stay; beyond, their data is taken
    out again: it has been handed on, and an answer that the platform refuses would lose the job.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._kept: list[dict[str, Any]] = []
        self._digest = hashlib.sha256()
        self.size = 0

    def part(self, piece: bytes) -> dict[str, Any]:
        """The next part: ``{"part": number from 0, "size": bytes, "data": base64}``."""
        data = base64.b64encode(piece).decode("ascii")
        part = {"part": len(self._kept), "size": len(piece), "data": data}
        self._digest.update(piece)
        self._kept.append(part)
        self.size += len(piece)
        return part

    def shed(self) -> None:
        """Take the data out once it is too much. To be called when the last part has been handed on."""
        if sum(len(part.get("data", "")) + _PART_BYTES for part in self._kept) > self._room:
            for part in self._kept:
                part.pop("data", None)

    def end(self, media_type: str) -> dict[str, Any]:
        """What follows the last part: ``{"parts", "size", "sha256", "media_type"}``."""
        count = len(self._kept)
        return {"parts": count, "size": self.size, "sha256": self._digest.hexdigest(), "media_type": media_type}


_PART_BYTES = 100


def _given(job: Mapping[str, Any]) -> dict[str, Any]:
    given = job.get("input")
    if not isinstance(given, dict):
        raise InputInvalid("input is not an object", mend='send {"input": {...}}')
    return dict(given)


@asynccontextmanager
async def _folder() -> AsyncIterator[Path]:
    """A folder of the job alone, gone with it."""
    folder = Path(tempfile.mkdtemp(prefix="greenroom-"))  # at once: jobs keep their order
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _work(folder: Path) -> Path:
    """The empty folder that the model gets, beside what was fetched."""
    work = folder / "work"
    work.mkdir()
    return work
