"""What every host does now and then: show that it lives, take over from the lost, end what waited too long, forget."""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa

from greenroom.errors import GreenroomError
from greenroom.jobs import hosts
from greenroom.jobs.database import is_away
from greenroom.jobs.errors import JobUnknown
from greenroom.jobs.history import ended_before
from greenroom.jobs.records import job_of, now
from greenroom.jobs.schema import deliveries, jobs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from greenroom.jobs.database import Database
    from greenroom.jobs.engine import Engine
    from greenroom.jobs.job import Job
    from greenroom.jobs.kept import KeptFolders
    from greenroom.jobs.transitions import Transitions

_EXPIRE_EVERY_S = 1.0
_FORGET_EVERY_S = 3600.0
_MEND_EVERY_S = 30.0
_MENDED_AT_ONCE = 200
_TIDY_EVERY_S = 60.0
_log = logging.getLogger("greenroom.jobs")


def host_name() -> str:
    """A name for this process that no other ever had, and that says where it runs."""
    return f"{socket.gethostname()[:40]}-{secrets.token_hex(6)}"


class Presence:
    """This host among the others. lost_here: called when the others have declared this one lost."""

    def __init__(
        self,
        database: Database,
        transitions: Transitions,
        engine: Engine,
        folder: Path,
        taken_over: Callable[[], None],
        lost_here: Callable[[], None],
    ) -> None:
        self._database, self._transitions, self._engine = database, transitions, engine
        self._folder, self._taken_over, self._lost_here = folder, taken_over, lost_here
        self._watch = hosts.Watch(engine.host)
        self._lifeline: hosts.Lifeline | None = None
        self._last = time.monotonic()

    async def begin(self) -> None:
        """Register, and take over at once what a dead server of this machine left."""
        await self._register()
        await self.look()

    async def look(self) -> None:
        """One beat, one look at the others."""
        alive, beats = await self._database.call(lambda connection: hosts.beat(connection, self._engine.host))
        moment = time.monotonic()
        if moment - self._last > hosts.LOST_AFTER_S / 2:
            # This host, or the database, was away itself: what it missed says nothing about the others.
            self._watch = hosts.Watch(self._engine.host)
        self._last = moment
        if not alive:
            await self._revive()
            return
        silent = self._watch.silent(beats)
        for host in beats:
            if host == self._engine.host:
                continue
            if hosts.is_dead_here(self._folder, host):
                await self._take_over(host, None)
            elif host in silent:
                await self._take_over(host, beats[host])
        await self._recover()

    async def end(self) -> None:
        """Say goodbye: what is still claimed is for the others."""
        await self._database.call(lambda connection: hosts.declare_lost(connection, self._engine.host, None))
        if self._lifeline is not None:
            self._lifeline.release()

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            await asyncio.sleep(hosts.BEAT_S)
            await _while_database_answers(self.look, "looking after other servers")

    async def _register(self) -> None:
        self._lifeline = hosts.Lifeline(self._folder, self._engine.host)
        await self._database.call(lambda connection: hosts.register(connection, self._engine.host))

    async def _revive(self) -> None:
        """The others took this host's jobs: give them up, and come back under a new name."""
        _log.error("this server was declared lost by another; its running jobs are run elsewhere")
        self._lost_here()
        if self._lifeline is not None:
            self._lifeline.release()
        self._engine.host = host_name()
        self._watch = hosts.Watch(self._engine.host)
        await self._register()

    async def _take_over(self, host: str, seen: int | None) -> None:
        def take(connection: sa.Connection) -> list[str] | None:
            if not hosts.declare_lost(connection, host, seen):
                return None
            return [job.id for job in self._transitions.requeue_of_host(connection, host)]

        taken = await self._database.call(take)
        if taken is not None:
            _log.warning("took over %d jobs from the lost server %s", len(taken), host, extra={"jobs": taken})

    async def _recover(self) -> None:
        """Let the queue give back what lost hosts had claimed. Repeated until it is done, by whoever looks next."""
        for host in await self._database.read(hosts.lost):
            # A host may have died between its claim and its first write: its jobs are still queued.
            await self._recover_from(host)

    async def _recover_from(self, host: str) -> None:
        # A host may have begun another job between its last beat and the moment in which it was declared lost.
        await self._database.call(lambda connection: self._transitions.requeue_of_host(connection, host))
        await asyncio.to_thread(self._engine.recover, host)
        await self._database.call(lambda connection: hosts.forget(connection, host))
        hosts.forget_here(self._folder, host)
        self._taken_over()


class Expiry:
    """Ends jobs that waited for longer than their time to live.

    Waiting is measured by the monotonic clock from when this server first saw the job, so a clock that jumps ends none;
    only what passed before it started is taken from the wall clock.
    """

    def __init__(self, database: Database, transitions: Transitions, ended: Callable[[str, str], None]) -> None:
        self._database, self._transitions, self._ended = database, transitions, ended
        self._seen: dict[tuple[str, int], float] = {}
        self._first = True

    async def look(self) -> None:
        """End what has waited for too long."""
        waiting = await self._database.read(
            lambda connection: connection.execute(
                sa.select(jobs.c.id, jobs.c.runs, jobs.c.model, jobs.c.ttl_s, jobs.c.queued_at).where(
                    jobs.c.status == "queued", jobs.c.ttl_s.is_not(None), jobs.c.started_at.is_(None)
                )
            ).all()
        )
        moment = time.monotonic()
        seen: dict[tuple[str, int], float] = {}
        for row in waiting:
            key = (row.id, row.runs)
            before = max(0.0, (now() - row.queued_at) / 1000) if self._first else 0.0
            seen[key] = since = self._seen.get(key, moment - before)
            waited = moment - since
            if waited >= row.ttl_s and await self._end(row.id, waited):
                self._ended(row.id, row.model)
        self._seen, self._first = seen, False

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await _while_database_answers(self.look, "looking for jobs that waited too long")
            await asyncio.sleep(_EXPIRE_EVERY_S)

    async def _end(self, job_id: str, waited: float) -> bool:
        return await self._database.call(lambda connection: self._transitions.expire(connection, job_id, waited))


class Mending:
    """Sees that all that waits has an entry in the queue. It always has, unless two things died at one bad moment."""

    def __init__(self, database: Database, transitions: Transitions, engine: Engine) -> None:
        self._database, self._transitions, self._engine = database, transitions, engine
        self._suspected: set[tuple[str, int]] = set()

    async def look(self) -> None:
        """Give a new entry to what had none when it was looked at twice, and put back what runs nowhere."""
        waiting, alive = await self._database.read(_waiting)
        for host in await self._database.read(hosts.unknown):
            await self._database.call(partial(_requeue_of_host, self._transitions, host))
        entries = {**{name: job.runs for name, job in waiting.jobs.items()}, **waiting.deliveries}
        missing = await asyncio.to_thread(self._engine.missing, entries, alive)
        suspected = {(name, entries[name]) for name in missing}
        for name, entry in suspected & self._suspected:
            reenter = (
                partial(_reenter, self._transitions, waiting.jobs[name])
                if name in waiting.jobs
                else partial(_deliver_again, self._transitions, name, entry)
            )
            if await self._database.call(reenter):
                _log.warning("%s had lost its place in the queue, and has it again", name)
        self._suspected = suspected

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await _while_database_answers(self.look, "looking for lost entries")
            await asyncio.sleep(_MEND_EVERY_S)


@dataclass(frozen=True, slots=True)
class _Waiting:
    jobs: dict[str, Job]
    deliveries: dict[str, int]


def _waiting(connection: sa.Connection) -> tuple[_Waiting, set[str]]:
    """The oldest that wait, jobs and deliveries, and the hosts that live."""
    oldest = sa.select(jobs).where(jobs.c.status == "queued").order_by(jobs.c.queued_at).limit(_MENDED_AT_ONCE)
    due = sa.select(deliveries.c.id, deliveries.c.entry).where(deliveries.c.state == "due")
    found = _Waiting(
        {row.id: job_of(row) for row in connection.execute(oldest)},
        {row.id: row.entry for row in connection.execute(due.order_by(deliveries.c.created_at).limit(_MENDED_AT_ONCE))},
    )
    return found, set(hosts.beats(connection))


class Forgetting:
    """Deletes jobs that ended long ago, with their files, and whatever else is too old."""

    def __init__(
        self,
        database: Database,
        days: float,
        delete: Callable[[str], Awaitable[None]],
        forget_others: Callable[[int], Awaitable[None]] | None,
    ) -> None:
        self._database, self._days, self._delete, self._forget_others = database, days, delete, forget_others

    async def look(self) -> None:
        """Delete what is too old. What cannot be deleted now is left for the next time."""
        moment = now() - int(self._days * 86_400_000)
        left: set[str] = set()
        while old := await self._database.read(partial(_old, moment, left)):
            for job_id in old:
                try:
                    await self._delete(job_id)
                except JobUnknown:  # another server was faster
                    continue
                except GreenroomError as error:
                    left.add(job_id)
                    _log.warning("the old job %s is not deleted: %s", job_id, error)
        if self._forget_others is not None:
            await self._forget_others(moment)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await _while_database_answers(self.look, "deleting old jobs")
            await asyncio.sleep(_FORGET_EVERY_S)


class Tidying:
    """Removes what ended jobs left for attempts that will not come: those that ended in the queue, or elsewhere."""

    def __init__(self, database: Database, kept: KeptFolders) -> None:
        self._database, self._kept = database, kept

    async def look(self) -> None:
        """Remove what is left."""
        await self._kept.remove_left(self._database)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await _while_database_answers(self.look, "removing what ended jobs left")
            await asyncio.sleep(_TIDY_EVERY_S)


def _old(moment: int, left: set[str], connection: sa.Connection) -> list[str]:
    found = ended_before(connection, moment, limit=200 + len(left))
    return [job_id for job_id in found if job_id not in left]


def _reenter(transitions: Transitions, job: Job, connection: sa.Connection) -> bool:
    return transitions.reenter(connection, job)


def _deliver_again(transitions: Transitions, delivery_id: str, entry: int, connection: sa.Connection) -> bool:
    return transitions.deliver_again(connection, delivery_id, entry)


def _requeue_of_host(transitions: Transitions, host: str, connection: sa.Connection) -> list[Job]:
    return transitions.requeue_of_host(connection, host)


async def _while_database_answers(look: Callable[[], Awaitable[None]], doing: str) -> None:
    try:
        await look()
    except GreenroomError as error:
        _log.warning("%s: %s", doing, error)
    except Exception as error:
        if not is_away(error):
            _log.exception("%s failed", doing)
