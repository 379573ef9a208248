"""Reading jobs: one, many, what happened to one. owner None sees all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from greenroom.jobs.errors import JobUnknown
from greenroom.jobs.job import ENDED, Artifact, Event, Job, Status
from greenroom.jobs.records import artifact_of, event_of, files_of, job_of
from greenroom.jobs.schema import artifacts, events, jobs

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Asked:
    """Which jobs, the newest first. search: words that must all occur.  after: the last job of the page before."""

    owner: str | None = None
    status: Status | None = None
    model: str | None = None
    search: str = ""
    after: str | None = None
    limit: int = 20


@dataclass(frozen=True, slots=True)
class Page:
    """Some jobs, and whether there are older ones."""

    jobs: tuple[Job, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Depth:
    """How many jobs of a model wait and run, and since when the oldest waits (milliseconds of the epoch)."""

    model: str
    queued: int
    running: int
    oldest_queued_at: int | None


def read_job(connection: sa.Connection, job_id: str, owner: str | None = None, *, lock: bool = False) -> Job:
    """One job with its files and its place in the queue. Raises JobUnknown.

    lock: nobody else changes it until the transaction ends, on a database with many writers.
    """
    if "\0" in job_id:  # which PostgreSQL takes nowhere
        raise JobUnknown(job_id)
    chosen = sa.select(jobs).where(jobs.c.id == job_id, *_of(owner))
    row = connection.execute(chosen.with_for_update() if lock else chosen).one_or_none()
    if row is None:
        raise JobUnknown(job_id)
    place = position(connection, row) if row.status == "queued" else None
    return job_of(row, files_of(connection, [job_id]).get(job_id), place)


def read_page(connection: sa.Connection, asked: Asked) -> Page:
    """A page of jobs. Raises JobUnknown for an ``after`` that is no job."""
    chosen = sa.select(jobs).where(*_of(asked.owner))
    if asked.status:
        chosen = chosen.where(jobs.c.status == asked.status)
    if asked.model:
        chosen = chosen.where(jobs.c.model == asked.model)
    for word in asked.search.replace("\0", " ").casefold().split():
        chosen = chosen.where(jobs.c.words.contains(word, autoescape=True))
    if asked.after is not None and "\0" in asked.after:
        raise JobUnknown(asked.after)
    if asked.after:
        of_it = sa.select(jobs.c.created_at, jobs.c.id).where(jobs.c.id == asked.after, *_of(asked.owner))
        last = connection.execute(of_it).one_or_none()
        if last is None:
            raise JobUnknown(asked.after)
        chosen = chosen.where(
            sa.tuple_(jobs.c.created_at, jobs.c.id) < sa.tuple_(*(sa.literal(value) for value in last))
        )
    newest = chosen.order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(asked.limit + 1)
    rows = connection.execute(newest).all()
    shown = rows[: asked.limit]
    files = files_of(connection, [row.id for row in shown])
    found = (
        job_of(row, files.get(row.id), position(connection, row) if row.status == "queued" else None) for row in shown
    )
    return Page(tuple(found), len(rows) > asked.limit)


def read_events(connection: sa.Connection, job_id: str, after: int = 0, limit: int = 500) -> list[Event]:
    """What happened to a job behind event number ``after``."""
    chosen = sa.select(events).where(events.c.job_id == job_id, events.c.number > after)
    return [event_of(row) for row in connection.execute(chosen.order_by(events.c.number).limit(limit))]


def read_on(connection: sa.Connection, job_id: str, after: int) -> tuple[list[Event], bool]:
    """What happened to a job behind event number ``after``, and whether it has ended: then its end is among them.

    Raises JobUnknown.
    """
    # The state is read first: an end that comes between the two is told, and seen as the end the next time.
    status = connection.execute(sa.select(jobs.c.status).where(jobs.c.id == job_id)).scalar()
    if status is None:
        raise JobUnknown(job_id)
    return read_events(connection, job_id, after), status in ENDED


def read_artifact(connection: sa.Connection, artifact_id: str, owner: str | None = None) -> Artifact | None:
    """One artifact, of a job of the owner's."""
    if "\0" in artifact_id:
        return None
    chosen = sa.select(artifacts).join(jobs, jobs.c.id == artifacts.c.job_id)
    row = connection.execute(chosen.where(artifacts.c.id == artifact_id, *_of(owner))).one_or_none()
    return None if row is None else artifact_of(row)


def artifact_keys(connection: sa.Connection, job_id: str) -> set[str]:
    """The keys of a job's artifacts."""
    return set(connection.execute(sa.select(artifacts.c.key).where(artifacts.c.job_id == job_id)).scalars())


def count_open(connection: sa.Connection, owner: str) -> int:
    """How many jobs of an owner wait or run."""
    chosen = sa.select(sa.func.count()).where(jobs.c.owner == owner, jobs.c.status.in_(("queued", "running")))
    return int(connection.execute(chosen).scalar_one())


def depths(connection: sa.Connection) -> list[Depth]:
    """The queues, a line a model that has anything in it."""
    queued = sa.func.sum(sa.case((jobs.c.status == "queued", 1), else_=0))
    running = sa.func.sum(sa.case((jobs.c.status == "running", 1), else_=0))
    oldest = sa.func.min(sa.case((jobs.c.status == "queued", jobs.c.queued_at)))
    chosen = (
        sa.select(jobs.c.model, queued, running, oldest)
        .where(jobs.c.status.in_(("queued", "running")))
        .group_by(jobs.c.model)
    )
    return [Depth(model, int(waits), int(runs), since) for model, waits, runs, since in connection.execute(chosen)]


def counts(connection: sa.Connection, owner: str | None = None, model: str | None = None) -> dict[str, int]:
    """How many jobs are in each state. model: None counts those of all."""
    chosen = sa.select(jobs.c.status, sa.func.count()).where(*_of(owner)).group_by(jobs.c.status)
    if model:
        chosen = chosen.where(jobs.c.model == model)
    return {status: int(count) for status, count in connection.execute(chosen)}


def ended_before(connection: sa.Connection, moment: int, limit: int = 200) -> Sequence[str]:
    """Jobs that came to their end before a moment."""
    chosen = sa.select(jobs.c.id).where(jobs.c.status.in_(tuple(ENDED)), jobs.c.finished_at < moment).limit(limit)
    return connection.execute(chosen).scalars().all()


def _of(owner: str | None) -> list[sa.ColumnElement[bool]]:
    return [] if owner is None else [jobs.c.owner == owner]


def position(connection: sa.Connection, row: sa.Row[Any]) -> int:
    """How many jobs of the same model are ahead of a queued one, a thousand at most."""
    said = {name: row._mapping[name] for name in ("model", "priority", "queued_at", "id")}
    return int(connection.execute(_AHEAD, said).scalar_one())


# Built once: it is asked for each job that is accepted. Beyond a thousand nobody counts.
_AHEAD = sa.select(sa.func.count()).select_from(
    sa.select(sa.literal(1))
    .where(
        jobs.c.status == "queued",
        jobs.c.model == sa.bindparam("model"),
        sa.or_(
            jobs.c.priority > sa.bindparam("priority"),
            sa.and_(
                jobs.c.priority == sa.bindparam("priority"),
                sa.or_(
                    jobs.c.queued_at < sa.bindparam("queued_at"),
                    sa.and_(jobs.c.queued_at == sa.bindparam("queued_at"), jobs.c.id < sa.bindparam("id")),
                ),
            ),
        ),
    )
    .limit(1000)
    .subquery()
)
