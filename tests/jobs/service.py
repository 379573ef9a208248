"""A job service over a runner that does as it is told, for tests in one process."""

from __future__ import annotations

import asyncio
import contextlib
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenroom.errors import GreenroomError
from greenroom.jobs.artifacts import ArtifactStore
from greenroom.jobs.database import Database, sqlite_url
from greenroom.jobs.service import Jobs
from greenroom.models.model import Generated, MadeFile, Work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from greenroom.jobs.job import Job
    from greenroom.jobs.runner import Watcher
    from greenroom.progress import Step

# Long for a loaded machine; nothing waits so long that works.
PATIENCE_S = 60.0


class Flaky(GreenroomError):
    """Goes away when one tries again."""

    code = "flaky"
    retryable = True


@dataclass
class ScriptedRunner:
    """Runs jobs as their inputs say. devices: how many at once.  ran: what was run, in order.

    A job with a ``gate`` waits for it behind its steps; one with a ``mark`` waits until there is such a file.
    """

    names: tuple[str, ...] = ("model",)
    devices: int = 1
    ran: list[Mapping[str, Any]] = field(default_factory=list)
    busy: int = 0
    most: int = 0
    open_gate: asyncio.Event = field(default_factory=asyncio.Event)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def models(self) -> Sequence[str]:
        return self.names

    def stages(self, model: str) -> Mapping[str, float]:
        return {}

    def idle(self, model: str) -> int:
        return self.devices - self.busy

    async def changed(self) -> None:
        await self._changed.wait()
        self._changed.clear()

    async def prepare(self, job: Job, folder: Path, step: Step) -> Mapping[str, Any]:
        return job.input

    async def run(self, job: Job, inputs: Mapping[str, Any], work: Work, begun: Callable[[], None]) -> Generated:
        self.ran.append(inputs)
        await asyncio.sleep(inputs.get("waits_s", 0))
        begun()
        self.busy += 1
        self.most = max(self.most, self.busy)
        try:
            return await self._do(inputs, work)
        finally:
            self.busy -= 1
            self._changed.set()

    async def _do(self, inputs: Mapping[str, Any], work: Work) -> Generated:
        folder, step = work.folder, work.step
        if inputs.get("endless"):
            step("reading", 1, math.inf)
        for number in range(inputs.get("steps", 0)):
            step("working", number, inputs["steps"])
            await asyncio.sleep(inputs.get("step_s", 0.02))
        if inputs.get("gate"):
            await self.open_gate.wait()
        while "mark" in inputs and not Path(inputs["mark"]).exists():
            await asyncio.sleep(0.01)
        if self.ran.count(inputs) <= inputs.get("fails", 0):
            raise Flaky("not this time")
        if self.ran.count(inputs) <= inputs.get("lost", 0):
            error = Flaky("lost along with others")
            error.blameless = True
            raise error
        if "breaks" in inputs:
            raise ZeroDivisionError("a fault with a /secret/path in its words")
        if "refuses" in inputs:
            raise GreenroomError("no", mend="ask for something else")
        files = []
        for name, text in inputs.get("files", {}).items():
            (folder / name).write_text(text)
            files.append(MadeFile(folder / name, "text/plain"))
        return Generated({"number": inputs.get("number")}, tuple(files))


@dataclass
class Receiver:
    """Takes webhooks. down: so many are refused first."""

    down: int = 0
    got: list[tuple[str, bytes, Mapping[str, str]]] = field(default_factory=list)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        if self.down > 0:
            self.down -= 1
            return 503
        self.got.append((url, body, headers))
        return 204


@dataclass
class Running:
    """A running service with what stands around it."""

    jobs: Jobs
    database: Database
    runner: ScriptedRunner
    receiver: Receiver
    folder: Path


@contextlib.asynccontextmanager
async def running(
    folder: Path,
    *,
    url: str | None = None,
    runner: ScriptedRunner | None = None,
    receiver: Receiver | None = None,
    grace_s: float = 5.0,
    history_days: float | None = None,
    watcher: Watcher | None = None,
) -> AsyncIterator[Running]:
    """A job service on a SQLite file in ``folder``, or on another database."""
    database = Database(url or sqlite_url(folder / "jobs.sqlite"))
    runner, receiver = runner or ScriptedRunner(), receiver or Receiver()
    store = ArtifactStore(str(folder / "artifacts"))
    jobs = Jobs(database, store, folder, folder / "work", runner, receiver, watcher=watcher, history_days=history_days)
    secrets = await jobs.open()
    await jobs.start(secrets, lambda artifact: f"http://here/v1/artifacts/{artifact.id}")
    try:
        yield Running(jobs, database, runner, receiver, folder)
    finally:
        await jobs.stop(grace_s)
        jobs.close()


async def progressed(here: Running, job_id: str) -> None:
    """Wait until a job's progress has been written."""
    async with asyncio.timeout(PATIENCE_S):
        while (await here.jobs.get(job_id)).progress is None:
            await asyncio.sleep(0.01)


async def until(condition: Any, seconds: float = PATIENCE_S) -> None:
    """Wait until a condition holds; fails when it does not in time."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
