"""Jobs as the server uses them: accept, look, follow, cancel; and all that runs behind them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import secrets
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from greenroom.jobs import history
from greenroom.jobs.attempts import Attempts
from greenroom.jobs.database import Database, fact, signing_secret
from greenroom.jobs.dispatch import Dispatcher
from greenroom.jobs.engine import Engine
from greenroom.jobs.kept import KeptFolders
from greenroom.jobs.news import News, wait_for
from greenroom.jobs.runner import Unwatched, Watcher
from greenroom.jobs.signing import new_webhook_secret
from greenroom.jobs.transitions import Transitions, known_job, to_cancel
from greenroom.jobs.upkeep import Expiry, Forgetting, Mending, Presence, Tidying, host_name
from greenroom.jobs.webhooks import Webhooks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
    from pathlib import Path

    from greenroom.jobs.artifacts import ArtifactStore
    from greenroom.jobs.job import Artifact, Event, Job, NewJob
    from greenroom.jobs.runner import Poster, Runner

# A worker that does not hear a cancel is killed after ten seconds; then the job is put back.
_SETTLE_S = 15.0
# How soon a server sees what another one did with a job.
_LOOK_S = 1.0
_log = logging.getLogger("greenroom.jobs")


@dataclass(frozen=True, slots=True)
class Secrets:
    """What all servers on one database sign with: links, and webhooks without a secret of their own."""

    links: str
    webhooks: str


class Jobs:
    """The jobs of one server. Made with ``open``, then started; everything is awaited in one event loop.

    folder: shared by the servers of one machine.  work: this server's own, for the files of jobs while they run.
    forget_others: called now and then with the moment before which whatever else is kept is too old.
    """

    def __init__(
        self,
        database: Database,
        store: ArtifactStore,
        folder: Path,
        work: Path,
        runner: Runner,
        poster: Poster,
        *,
        watcher: Watcher | None = None,
        history_days: float | None = None,
        forget_others: Callable[[int], Awaitable[None]] | None = None,
    ) -> None:
        self._database, self._store = database, store
        self._forget_others = forget_others
        self._watcher = watcher or Unwatched()
        self._poster, self._history_days = poster, history_days
        self._engine = Engine(database, host_name(), job=self._job, delivery=self._delivery)
        self._transitions = Transitions(self._engine)
        self._news = News()
        self._kept = KeptFolders(folder / "kept")
        self._attempts = Attempts(
            database, self._transitions, store, work, self._kept, runner, self._news, self._watcher
        )
        self._dispatcher = Dispatcher(self._engine, runner, lambda: self._attempts.preparing)
        self._presence = Presence(
            database, self._transitions, self._engine, folder / "hosts", self._dispatcher.wake, self._lost
        )
        self._webhooks: Webhooks | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> Secrets:
        """Make the tables, and give what is signed with. Raises DatabaseUnavailable, InputInvalid."""
        await asyncio.to_thread(self._database.prepare)
        return await self._database.call(
            lambda c: Secrets(signing_secret(c), fact(c, "webhook-secret", new_webhook_secret()))
        )

    async def start(self, secrets: Secrets, link: Callable[[Artifact], str]) -> None:
        """Begin to run jobs. link: the address of an artifact, for webhooks."""
        self._loop = asyncio.get_running_loop()
        self._webhooks = Webhooks(self._database, self._engine, self._poster, self._watcher, link, secrets.webhooks)
        await asyncio.to_thread(self._engine.launch)
        await self._presence.begin()
        expiry = Expiry(self._database, self._transitions, self._expired)
        mending = Mending(self._database, self._transitions, self._engine)
        tidying = Tidying(self._database, self._kept)
        loops = [self._dispatcher.run(), self._presence.run(), expiry.run(), mending.run(), tidying.run()]
        loops.append(self._watch_cancels())
        if self._history_days is not None:
            forgetting = Forgetting(self._database, self._history_days, self._forget, self._forget_others)
            loops.append(forgetting.run())
        self._tasks = [asyncio.create_task(loop) for loop in loops]

    def claim_no_more(self) -> None:
        """Leave what waits to other servers, or to the next start."""
        if self._tasks:
            self._tasks[0].cancel()

    async def stop(self, grace_s: float) -> None:
        """Claim no more, give running jobs ``grace_s`` to end, put the rest back."""
        if not self._tasks:
            return
        claiming, *others = self._tasks
        self.claim_no_more()
        await _cancelled(claiming)
        if running := self._attempts.running():
            _log.info("waiting up to %.0f s for %d running jobs", grace_s, len(running), extra={"jobs": list(running)})
        await self._until_quiet(grace_s)
        for job_id in self._attempts.running():
            self._attempts.stop(job_id, "stopping")
        await self._until_quiet(_SETTLE_S)
        for task in others:
            await _cancelled(task)
        with contextlib.suppress(Exception):  # the others find out by themselves
            await asyncio.wait_for(self._presence.end(), 5.0)
        await asyncio.to_thread(self._engine.close)
        self._tasks = []

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    async def accept(self, new: NewJob) -> tuple[Job, bool]:
        """Take a job in; when this returns it is on disk. Says whether it is new.

        Raises IdempotencyMismatch, DatabaseUnavailable, StorageFull.
        """
        job_id = f"job_{secrets.token_hex(12)}"
        accepted = await self._database.call(lambda c: self._transitions.accept(c, new, job_id))
        self._dispatcher.wake()
        return accepted

    async def known(self, new: NewJob) -> Job | None:
        """The job that a new one's idempotency key belongs to already. Raises IdempotencyMismatch."""
        return await self._database.read(lambda c: known_job(c, new))

    async def get(self, job_id: str, owner: str | None = None) -> Job:
        """One job. Raises JobUnknown."""
        return await self._database.read(lambda c: history.read_job(c, job_id, owner))

    async def page(self, asked: history.Asked) -> history.Page:
        """Some jobs, the newest first. Raises JobUnknown."""
        return await self._database.read(lambda c: history.read_page(c, asked))

    async def cancel(self, job_id: str, owner: str | None = None) -> Job:
        """End a job that waits, stop one that runs; nothing for one that ended. Raises JobUnknown."""
        before = await self.get(job_id, owner)
        job = await self._database.call(lambda c: self._transitions.cancel(c, job_id, owner))
        self._attempts.stop(job_id, "cancelled")
        await self._ended_in_queue(job, before)
        return job

    async def again(self, job_id: str, owner: str | None = None) -> Job:
        """Run a job once more that ended without result. Raises JobUnknown, JobConflict."""
        job = await self._database.call(lambda c: self._transitions.again(c, job_id, owner))
        self._news.tell(job_id)
        self._dispatcher.wake()
        return job

    async def purge(self, owner: str | None, model: str | None = None) -> int:
        """Cancel all that wait; gives how many."""
        ended = await self._database.call(lambda c: self._transitions.cancel_all_queued(c, owner, model))
        for job_id in ended:
            self._news.tell(job_id)
        with contextlib.suppress(Exception):  # left entries find their jobs ended, one after another
            await asyncio.to_thread(self._engine.forget, ended)
        return len(ended)

    async def delete(self, job_id: str, owner: str | None = None) -> None:
        """Forget a job and its files. Raises JobUnknown, JobConflict."""
        await self.get(job_id, owner)
        await self._forget(job_id)

    async def artifact(self, artifact_id: str, owner: str | None = None) -> Artifact | None:
        """One artifact, if there is such a one."""
        return await self._database.read(lambda c: history.read_artifact(c, artifact_id, owner))

    async def open_jobs(self, owner: str) -> int:
        """How many jobs of an owner wait or run."""
        return await self._database.read(lambda c: history.count_open(c, owner))

    async def ping(self) -> None:
        """See that the database answers. Raises DatabaseUnavailable."""
        await self._database.read(lambda c: c.execute(sa.select(1)), patience_s=2.0)

    async def depths(self) -> list[history.Depth]:
        """The queues."""
        return await self._database.read(history.depths)

    async def counts(self, owner: str | None = None, model: str | None = None) -> dict[str, int]:
        """Jobs by state, of one model or of all."""
        return await self._database.read(lambda c: history.counts(c, owner, model))

    async def wait(self, job_id: str, seconds: float, owner: str | None = None) -> Job:
        """A job once it has ended, or as it stands after ``seconds``. Raises JobUnknown."""
        until = asyncio.get_running_loop().time() + seconds
        with self._news.listen(job_id) as changed:
            while True:
                job = await self.get(job_id, owner)
                left = until - asyncio.get_running_loop().time()
                if job.ended or left <= 0:
                    return job
                await wait_for(changed, min(_LOOK_S, left))

    async def follow(self, job_id: str, after: int = 0, owner: str | None = None) -> AsyncIterator[Event | None]:
        """What happens to a job behind event ``after``, until its end; None now and then while nothing happens.

        Raises JobUnknown.
        """
        await self.get(job_id, owner)
        with self._news.listen(job_id) as changed:
            while True:
                events, ended = await self._database.read(partial(_behind, job_id, after))
                for event in events:
                    after = event.number
                    yield event
                if not events and ended:
                    return
                if not ended:
                    await wait_for(changed, _LOOK_S)
                    if not events:
                        yield None

    async def _ended_in_queue(self, job: Job, before: Job) -> None:
        self._news.tell(job.id)
        if job.status == "cancelled" and before.status == "queued":
            self._watcher.job_ended(job.model, job.status)
            await self._kept.remove(job.id)
            with contextlib.suppress(Exception):  # a left entry finds its job ended
                await asyncio.to_thread(self._engine.forget, {job.id: job.runs})

    async def _forget(self, job_id: str) -> None:
        entries = await self._database.call(lambda c: self._transitions.delete(c, job_id))
        await asyncio.to_thread(self._engine.delete, entries)
        await self._store.delete_all(job_id)
        await self._kept.remove(job_id)

    def _expired(self, job_id: str, model: str) -> None:
        self._news.tell(job_id)
        self._watcher.job_ended(model, "timed_out")

    def _lost(self) -> None:
        for job_id in self._attempts.running():
            self._attempts.stop(job_id, "lost")

    async def _watch_cancels(self) -> None:
        """Stop what another server was asked to cancel, or what was cancelled while the request found no way here."""
        while True:
            await asyncio.sleep(_LOOK_S / 2)
            if self._attempts.running():
                with contextlib.suppress(Exception):
                    for job_id in await self._database.read(lambda c: to_cancel(c, self._engine.host)):
                        self._attempts.stop(job_id, "cancelled")

    async def _until_quiet(self, seconds: float) -> None:
        until = asyncio.get_running_loop().time() + seconds
        while self._attempts.running() or self._dispatcher.starting > 0 or self._dispatcher.delivering > 0:
            if asyncio.get_running_loop().time() >= until:
                return
            await asyncio.sleep(0.02)

    def _job(self, job_id: str, run: int) -> None:
        """An entry that this host claimed: run it in the event loop. Called in a thread of DBOS'."""
        self._in_loop(self._attempt(job_id, run))

    async def _attempt(self, job_id: str, run: int) -> None:
        if await self._attempts.run(job_id, run, self._engine.host, self._begun()):
            self._dispatcher.wake()

    def _delivery(self, delivery_id: str, entry: int) -> None:
        self._in_loop(self._deliver(delivery_id, entry))

    async def _deliver(self, delivery_id: str, entry: int) -> None:
        try:
            if self._webhooks is not None:
                await self._webhooks.deliver(delivery_id, entry)
        finally:
            self._dispatcher.delivering -= 1
            self._dispatcher.wake()

    def _begun(self) -> Callable[[], None]:
        """Counts a claimed job once as one that no longer starts."""

        @functools.cache
        def begun() -> None:
            self._dispatcher.starting -= 1
            self._dispatcher.freed()

        return begun

    def _in_loop(self, work: Coroutine[Any, Any, None]) -> None:
        if self._loop is not None:  # set before the engine is launched, and nothing is claimed before that
            asyncio.run_coroutine_threadsafe(work, self._loop).result()


def _behind(job_id: str, after: int, connection: sa.Connection) -> tuple[list[Event], bool]:
    return history.read_on(connection, job_id, after)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
