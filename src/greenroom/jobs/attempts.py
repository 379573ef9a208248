"""One attempt at a job: begin, prepare, run, store, settle. Whatever happens to it, its state is said honestly."""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from greenroom.errors import Cancelled, GreenroomError, InputInvalid, OutputUnwritable
from greenroom.files import is_disk_full
from greenroom.jobs.errors import JobTimedOut, ResultUnwritable, StorageFull
from greenroom.jobs.history import artifact_keys
from greenroom.jobs.job import ENDED
from greenroom.jobs.kept import goes_on
from greenroom.jobs.records import error_said, now
from greenroom.jobs.reporting import Reporter
from greenroom.jobs.telling import Telling
from greenroom.models.model import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from greenroom.jobs.artifacts import ArtifactStore
    from greenroom.jobs.database import Database
    from greenroom.jobs.job import Artifact, Job, Progress
    from greenroom.jobs.kept import KeptFolders
    from greenroom.jobs.news import News
    from greenroom.jobs.runner import Runner, Watcher
    from greenroom.jobs.transitions import Transitions

Why = Literal["cancelled", "stopping", "lost"]
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0
_FETCH_S = 0.5
# An attempt that has begun is settled however long the database is away; only the end of the process ends this.
_FOR_EVER = math.inf
# Codes of errors that say that the process which ran a job is no more.
_LOST = frozenset({"worker-crashed", "worker-unresponsive", "device-lost"})
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
    """The attempts of this host. preparing: those whose files are fetched now."""

    def __init__(
        self,
        database: Database,
        transitions: Transitions,
        store: ArtifactStore,
        folder: Path,
        kept: KeptFolders,
        runner: Runner,
        news: News,
        watcher: Watcher,
    ) -> None:
        self._database, self._transitions, self._store = database, transitions, store
        self._folder, self._kept = folder, kept
        self._runner, self._news, self._watcher = runner, news, watcher
        self._running: dict[str, _Running] = {}
        self.preparing = 0

    def running(self) -> tuple[str, ...]:
        """Jobs that run here now."""
        return tuple(self._running)

    def stop(self, job_id: str, why: Why) -> None:
        """Stop an attempt that runs here; the first reason counts."""
        running = self._running.get(job_id)
        if running is not None and running.why is None:
            running.why = why
            running.task.cancel()

    async def run(self, job_id: str, run: int, host: str, begun: Callable[[], None]) -> bool:
        """Make one attempt at a job; says whether that put something into a queue: the job again, or a message.

        begun: called once the device is asked for, or will not be.
        """
        try:
            claim = secrets.token_hex(8)
            job = await self._database.call(
                lambda connection: self._transitions.begin(connection, job_id, run, host, claim), _FOR_EVER
            )
            self._news.tell(job_id)
            if job is None:
                return False
            if job.ended:
                self._given_up(job, job.error or {})
                return job.webhook is not None
            self._watcher.stage(job.model, "queue", max(0, now() - job.queued_at) / 1000)
            task = asyncio.create_task(self._work(job, begun), name=f"job {job_id}")
            self._running[job_id] = _Running(task)
            try:
                status = await self._finish(job, task)
            finally:
                del self._running[job_id]
                self._news.tell(job_id)
            return status == "requeued" or job.webhook is not None
        finally:
            begun()

    async def _finish(self, job: Job, task: asyncio.Task[_Result]) -> str:
        """Wait for the work, and write how it ended; gives that."""
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
        elif error.blameless or await self._lost_and_went_on(job, error):  # another host may be able to, or this one
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
            await self._drop(job, task)
            return "dropped"
        if status in ENDED and not goes_on(status, error_said(error)):
            await self._kept.remove(job.id, job.claim or "")
        _log.info("job %s %s", job.id, status, extra=said)
        if error is not None and status in ("failed", "timed_out") and not isinstance(error, InputInvalid):
            self._given_up(job, error.as_dict(), status)
        elif status != "requeued":
            self._watcher.job_ended(job.model, status)
        return status

    def _given_up(self, job: Job, error: Mapping[str, Any], status: str = "failed") -> None:
        """It ended without a result, and what it asked for is not at fault."""
        self._watcher.job_ended(job.model, status)
        self._watcher.job_given_up(job.id, job.model, f"{error.get('message', '')} ({error.get('code', '')})")

    async def _lost_and_went_on(self, job: Job, error: GreenroomError) -> bool:
        """Whether who ran it was lost, and had finished a part of it before: so it comes to an end some day."""
        return error.code in _LOST and await asyncio.to_thread(self._kept.grew, job)

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

        # It may run for so long: what it waits for before is not its own.
        limit = asyncio.timeout(None)
        try:
            async with limit, Reporter(write) as reporter:
                reporter.expect(self._runner.stages(job.model))
                await asyncio.to_thread(folder.mkdir, parents=True)
                telling = Telling(job, self._database, self._transitions, self._store, self._news, reporter)
                kept = await self._kept.take(job.id, job.claim or "")
                work = Work(folder / "made", reporter.step, kept=kept, tell=telling.tell, show=telling.show)
                return await self._stages(job, folder / "given", work, limit, begun)
        except TimeoutError:
            if limit.expired():
                raise JobTimedOut(job.timeout_s) from None
            raise
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _stages(
        self, job: Job, given: Path, work: Work, limit: asyncio.Timeout, begun: Callable[[], None]
    ) -> _Result:
        given.mkdir()
        work.folder.mkdir()
        moment = time.monotonic()
        loop = asyncio.get_running_loop()
        # What is fetched for long must not keep a device from other jobs.
        waiting = loop.call_later(_FETCH_S, begun)
        self.preparing += 1
        try:
            inputs = await self._runner.prepare(job, given, work.step)
        finally:
            self.preparing -= 1
            waiting.cancel()
        moment = self._timed(job, "prepare", moment)

        def device_has_it() -> None:
            limit.reschedule(loop.time() + job.timeout_s)

        running = asyncio.ensure_future(self._runner.run(job, inputs, work, device_has_it))
        loop.call_soon(begun)
        generated = await running
        limit.reschedule(None)
        moment = time.monotonic()
        made = [
            await self._store.keep_made(job.id, f"{job.claim}/{place}", file)
            for place, file in enumerate(generated.files)
        ]
        self._timed(job, "store", moment)
        return _Result(generated.output, tuple(made))

    def _timed(self, job: Job, stage: str, since: float) -> float:
        moment = time.monotonic()
        self._watcher.stage(job.model, stage, moment - since)
        return moment

    async def _drop(self, job: Job, task: asyncio.Task[_Result]) -> None:
        if task.cancelled() or task.exception() is not None:
            return
        # An answer of the database that was lost may have been a yes.
        kept = await self._database.read(lambda connection: artifact_keys(connection, job.id), _FOR_EVER)
        for artifact in task.result().made:
            if artifact.key in kept:
                continue
            try:
                await self._store.delete(artifact.key)
            except GreenroomError as error:
                _log.warning("a file of a dropped attempt stays: %s", error)


def _error_of(task: asyncio.Task[_Result], job: Job) -> GreenroomError | None:
    """Why the work gave no result, in words; None if it gave one."""
    if task.cancelled():
        return Cancelled("cancelled")
    error = task.exception()
    if error is not None and getattr(error, "code", "") == OutputUnwritable.code:
        # It names a path of this machine, and a flag of another verb.
        return ResultUnwritable()
    if error is None or isinstance(error, GreenroomError):
        return error
    if is_disk_full(error):
        return StorageFull()
    _log.error("job %s: unexpected failure", job.id, exc_info=error, extra={"job": job.id})
    return GreenroomError(
        f"unexpected failure ({type(error).__name__})", mend="this is a fault of greenroom: see the server's log"
    )
