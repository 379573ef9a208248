"""One attempt at a job: begin, prepare, run, store, settle. Whatever happens to it, its state is said honestly."""

from __future__ import annotations

import asyncio
import logging
import math
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from greenroom.errors import Cancelled, GreenroomError
from greenroom.jobs.errors import JobTimedOut
from greenroom.jobs.records import now
from greenroom.jobs.reporting import Reporter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from greenroom.jobs.artifacts import ArtifactStore
    from greenroom.jobs.database import Database
    from greenroom.jobs.job import Artifact, Job, Progress
    from greenroom.jobs.news import News
    from greenroom.jobs.runner import Runner, Watcher
    from greenroom.jobs.transitions import Transitions
    from greenroom.progress import Step

Why = Literal["cancelled", "stopping", "lost"]
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0
# An attempt that has begun is settled however long the database is away; only the end of the process ends this.
_FOR_EVER = math.inf
_log = logging.getLogger("greenroom.jobs")


class ServerStopping(GreenroomError):
    """The server ends; the job goes on elsewhere, or when it is back."""

    code = "server-stopping"
    retryable = True

    def __init__(self) -> None:
        super().__init__("the server was stopped while it ran the job")


@dataclass(slots=True)
class _Running:
    task: asyncio.Task[Any]
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class _Result:
    output: Mapping[str, Any]
    made: tuple[Artifact, ...]


class Attempts:
    """The attempts of this host."""

    def __init__(
        self,
        database: Database,
        transitions: Transitions,
        store: ArtifactStore,
        folder: Path,
        runner: Runner,
        news: News,
        watcher: Watcher,
    ) -> None:
        self._database, self._transitions, self._store = database, transitions, store
        self._folder, self._runner, self._news, self._watcher = folder, runner, news, watcher
        self._running: dict[str, _Running] = {}

    def running(self) -> tuple[str, ...]:
        """Jobs that run here now."""
        return tuple(self._running)

    def stop(self, job_id: str, why: Why) -> None:
        """Stop an attempt that runs here; the first reason counts."""
        running = self._running.get(job_id)
        if running is not None and running.why is None:
            running.why = why
            running.task.cancel()

    async def run(self, job_id: str, run: int, host: str, begun: Callable[[], None]) -> None:
        """Make one attempt at a job. begun: called once the device is asked for, or will not be."""
        try:
            job = await self._database.call(
                lambda connection: self._transitions.begin(connection, job_id, run, host), _FOR_EVER
            )
            self._news.tell(job_id)
            if job is None:
                return
            self._watcher.stage(job.model, "queue", max(0, now() - job.queued_at) / 1000)
            task = asyncio.create_task(self._work(job, begun), name=f"job {job_id}")
            self._running[job_id] = _Running(task)
            try:
                await self._finish(job, task)
            finally:
                del self._running[job_id]
                self._news.tell(job_id)
        finally:
            begun()

    async def _finish(self, job: Job, task: asyncio.Task[_Result]) -> None:
        """Wait for the work, and write how it ended."""
        await asyncio.wait([task])
        why = self._running[job.id].why
        error = _error_of(task, job)
        if error is None:
            result = task.result()
            settled = await self._settle(lambda c: self._transitions.succeed(c, job, result.output, result.made))
            status = "succeeded"
        elif why == "cancelled":
            settled = await self._settle(lambda c: self._transitions.fail(c, job, "cancelled", Cancelled("cancelled")))
            status = "cancelled"
        elif why is not None:
            settled, status = await self._back(job, ServerStopping(), counts=False), "requeued"
        elif isinstance(error, JobTimedOut):
            settled = await self._settle(lambda c: self._transitions.fail(c, job, "timed_out", error))
            status = "timed_out"
        elif error.code == "model-unready":  # not the job's fault, and another host may be able to
            settled, status = await self._back(job, error, counts=False, delay_s=_FIRST_PAUSE_S), "requeued"
        elif error.retryable and job.attempts < job.max_attempts:
            pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (job.attempts - 1))
            settled, status = await self._back(job, error, delay_s=pause), "requeued"
        else:
            settled = await self._settle(lambda c: self._transitions.fail(c, job, "failed", error))
            status = "failed"
        said = {"job": job.id, "model": job.model, "attempt": job.attempts, "code": error.code if error else None}
        if not settled:
            _log.warning("job %s: the attempt was taken from this host; what it made is dropped", job.id, extra=said)
            await self._drop(task)
            return
        _log.info("job %s %s", job.id, status, extra=said)
        if status != "requeued":
            self._watcher.job_ended(job.model, status)

    async def _settle(self, write: Callable[[Any], bool]) -> bool:
        return await self._database.call(write, _FOR_EVER)

    async def _back(
        self, job: Job, error: GreenroomError, *, counts: bool = True, delay_s: float | None = None
    ) -> bool:
        return await self._settle(lambda c: self._transitions.requeue(c, job, error, counts=counts, delay_s=delay_s))

    async def _work(self, job: Job, begun: Callable[[], None]) -> _Result:
        folder = self._folder / f"{job.id}-{job.claim}"

        async def write(progress: Progress) -> None:
            await self._database.call(lambda connection: self._transitions.progressed(connection, job, progress))
            self._news.tell(job.id)

        limit = asyncio.timeout(job.timeout_s)
        try:
            async with limit, Reporter(write) as reporter:
                await asyncio.to_thread(folder.mkdir, parents=True)
                return await self._stages(job, folder, reporter.step, begun)
        except TimeoutError:
            if limit.expired():
                raise JobTimedOut(job.timeout_s) from None
            raise
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _stages(self, job: Job, folder: Path, step: Step, begun: Callable[[], None]) -> _Result:
        given, made_in = folder / "given", folder / "made"
        given.mkdir()
        made_in.mkdir()
        moment = time.monotonic()
        inputs = await self._runner.prepare(job, given, step)
        moment = self._timed(job, "prepare", moment)
        work = asyncio.ensure_future(self._runner.run(job, inputs, made_in, step))
        asyncio.get_running_loop().call_soon(begun)
        generated = await work
        moment = time.monotonic()
        made = [await self._store.keep_made(job.id, job.attempts, file) for file in generated.files]
        self._timed(job, "store", moment)
        return _Result(generated.output, tuple(made))

    def _timed(self, job: Job, stage: str, since: float) -> float:
        moment = time.monotonic()
        self._watcher.stage(job.model, stage, moment - since)
        return moment

    async def _drop(self, task: asyncio.Task[_Result]) -> None:
        if task.cancelled() or task.exception() is not None:
            return
        for artifact in task.result().made:
            try:
                await self._store.delete(artifact.key)
            except GreenroomError as error:
                _log.warning("a file of a dropped attempt stays: %s", error)


def _error_of(task: asyncio.Task[_Result], job: Job) -> GreenroomError | None:
    """Why the work gave no result, in words; None if it gave one."""
    if task.cancelled():
        return Cancelled("cancelled")
    error = task.exception()
    if error is None or isinstance(error, GreenroomError):
        return error
    _log.error("job %s: unexpected failure", job.id, exc_info=error, extra={"job": job.id})
    return GreenroomError(
        f"unexpected failure ({type(error).__name__})", mend="this is a fault of greenroom: see the server's log"
    )
