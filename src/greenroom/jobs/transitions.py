"""Every change of a job's state, one method each, each within one transaction.

queued ──begin──► running ──settle──► succeeded, failed, cancelled, timed_out
  ▲                  │
  └─────requeue──────┘        cancel and expire also end a queued job; again queues one that has failed

An attempt writes under its ``claim``. Who was declared lost and goes on nevertheless finds its claim gone, and its
result is not taken: a job has one result.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from greenroom.errors import Cancelled, GreenroomError
from greenroom.jobs.errors import IdempotencyMismatch, JobConflict, PoisonJob, QueueTimedOut
from greenroom.jobs.history import position, read_job
from greenroom.jobs.hosts import is_alive
from greenroom.jobs.job import ENDED, PREVIEW, Artifact, Job, NewJob, Progress, Status
from greenroom.jobs.previews import drop_previews, preview_said, put_preview
from greenroom.jobs.records import (
    add_event,
    artifact_row,
    dumps,
    error_said,
    job_of,
    maybe_dumps,
    now,
    webhook_row,
    words_of,
)
from greenroom.jobs.schema import artifacts, deliveries, events, jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from greenroom.jobs.engine import Queue

# Statements that each job needs are built once.
_INSERT = jobs.insert().returning(jobs)


class Transitions:
    """The changes, over one queue. Each takes the connection of the transaction that it becomes part of.

    grew: whether a lost attempt had finished something that the next one finds, if that can be seen from here.
    """

    def __init__(self, queue: Queue, grew: Callable[[Job], bool] = lambda _: False) -> None:
        self._queue, self._grew = queue, grew

    def accept(self, connection: sa.Connection, new: NewJob, job_id: str) -> tuple[Job, bool]:
        """Take a job in, or find the one that its idempotency key belongs to; says whether it is new.

        Raises IdempotencyMismatch.
        """
        if connection.execute(sa.select(jobs.c.id).where(jobs.c.id == job_id)).scalar() is not None:
            return read_job(connection, job_id), True  # it was committed, and only the answer was lost
        known = known_job(connection, new)
        if known is not None:
            return known, False
        row = connection.execute(_INSERT, _new_row(new, job_id)).one()
        self._happened(connection, row.id, "queued")
        self._queue.put(connection, row.id, run=1, model=new.model, priority=new.priority)
        return job_of(row, position=position(connection, row)), True

    def begin(self, connection: sa.Connection, job_id: str, run: int, host: str, claim: str) -> Job | None:
        """Start an attempt, under a new claim; None when there is nothing to start any more, or another run is due.

        A job that was started as often as it may is settled as failed, and given so: it takes down whoever runs it.
        """
        row = connection.execute(sa.select(jobs).where(jobs.c.id == job_id).with_for_update()).one_or_none()
        if row is not None and row.status == "running" and row.claim == claim:
            return job_of(row)  # it was committed, and only the answer was lost
        if row is None or row.status != "queued" or row.runs != run:
            return None
        if not is_alive(connection, host):  # this host was declared lost a moment ago: the job is for another
            self.reenter(connection, job_of(row))
            return None
        if row.attempts >= row.max_attempts:
            self._end(connection, job_id, "failed", error=PoisonJob(row.attempts))
            return read_job(connection, job_id)
        moment = now()
        changed = jobs.update().where(jobs.c.id == job_id).values(
            status="running",
            host=host,
            claim=claim,
            attempts=jobs.c.attempts + 1,
            started_at=sa.func.coalesce(jobs.c.started_at, moment),
            progress=None,
        )  # fmt: skip
        started = connection.execute(changed.returning(jobs)).one()
        self._happened(connection, job_id, "started", {"attempt": started.attempts})
        return job_of(started)

    def progressed(self, connection: sa.Connection, job: Job, progress: Progress) -> None:
        """Write where an attempt stands; nothing if it is no longer the one that runs."""
        said = {"stage": progress.stage, "done": progress.done, "total": progress.total, "eta_s": progress.eta_s}
        said["share"] = None if progress.share is None else round(progress.share, 4)
        changed = jobs.update().where(*_ours(job)).values(progress=dumps(said))
        if connection.execute(changed).rowcount:
            self._happened(connection, job.id, "progress", {**said, "fraction": round(progress.fraction, 4)})

    def told(self, connection: sa.Connection, job: Job, kind: str, data: Mapping[str, Any]) -> None:
        """Write a fact that an attempt told; nothing if it is no longer the one that runs."""
        if _is_ours(connection, job):
            self._happened(connection, job.id, kind, data)

    def shown(self, connection: sa.Connection, job: Job, artifact: Artifact) -> list[str]:
        """Write a preview of an attempt, in place of one of its name; gives the keys that are of no use any more.

        Of an attempt that is no longer the one that runs, that is its own.
        """
        if not _is_ours(connection, job):
            return [artifact.key]
        self._happened(connection, job.id, PREVIEW, {"artifact": preview_said(artifact)})
        return put_preview(connection, artifact)

    def succeed(self, connection: sa.Connection, job: Job, output: Mapping[str, Any], made: Sequence[Artifact]) -> bool:
        """Settle a job with its result; False when the attempt is no longer the one that runs.

        A cancel that came too late is too late: the result is there.
        """
        if not self._end(connection, job.id, "succeeded", job=job, output=output):
            return False
        for place, artifact in enumerate(made):
            connection.execute(artifacts.insert().values(artifact_row(artifact, place)))
        return True

    def fail(self, connection: sa.Connection, job: Job, status: Status, error: GreenroomError) -> bool:
        """Settle a job without result; False when the attempt is no longer the one that runs."""
        return self._end(connection, job.id, status, job=job, error=error)

    def requeue(
        self,
        connection: sa.Connection,
        job: Job,
        reason: GreenroomError,
        *,
        counts: bool = True,
        delay_s: float | None = None,
    ) -> bool:
        """Put a running job back; one that somebody wants stopped is cancelled instead.

        counts: False when the attempt was not the job's fault, and is given back to it.
        """
        if self._wants_cancel(connection, job):
            return self.fail(connection, job, "cancelled", Cancelled("cancelled"))
        values: dict[str, Any] = {
            "status": "queued", "host": None, "claim": None, "progress": None, "runs": job.runs + 1,
            "attempts": jobs.c.attempts if counts else jobs.c.attempts - 1,
        }  # fmt: skip
        if not connection.execute(jobs.update().where(*_ours(job)).values(values)).rowcount:
            return False
        self._happened(connection, job.id, "requeued", {"reason": reason.as_dict()})
        self._queue.put(connection, job.id, run=job.runs + 1, model=job.model, priority=job.priority, delay_s=delay_s)
        return True

    def reenter(self, connection: sa.Connection, job: Job) -> bool:
        """Give a queued job a new entry in the queue for one that was lost; says whether it was still queued."""
        chosen = jobs.update().where(jobs.c.id == job.id, jobs.c.status == "queued", jobs.c.runs == job.runs)
        if not connection.execute(chosen.values(runs=job.runs + 1)).rowcount:
            return False
        self._queue.put(connection, job.id, run=job.runs + 1, model=job.model, priority=job.priority)
        return True

    def deliver_again(self, connection: sa.Connection, delivery_id: str, entry: int) -> bool:
        """Give a delivery that is due a new entry for one that was lost; says whether it was still due."""
        chosen = deliveries.update().where(
            deliveries.c.id == delivery_id, deliveries.c.state == "due", deliveries.c.entry == entry
        )
        if not connection.execute(chosen.values(entry=entry + 1)).rowcount:
            return False
        self._queue.deliver(connection, delivery_id, entry=entry + 1)
        return True

    def requeue_of_host(self, connection: sa.Connection, host: str) -> list[Job]:
        """Put back all that a lost host ran; gives those jobs. A job that was to be cancelled is cancelled instead."""
        rows = connection.execute(sa.select(jobs).where(jobs.c.host == host, jobs.c.status == "running")).all()
        lost = [job_of(row) for row in rows]
        for job in lost:
            lost_server = GreenroomError("the server that ran it was lost")
            self.requeue(connection, job, lost_server, counts=not self._grew(job))
        return lost

    def cancel(self, connection: sa.Connection, job_id: str, owner: str | None = None) -> Job:
        """End a queued job, ask a running one to stop; nothing for one that has ended. Raises JobUnknown."""
        job = read_job(connection, job_id, owner, lock=True)
        if job.status == "queued":
            self._end(connection, job_id, "cancelled", error=Cancelled("cancelled while it waited"))
        elif job.status == "running" and not job.cancel_requested:
            connection.execute(jobs.update().where(jobs.c.id == job_id).values(cancel_requested=True))
            self._happened(connection, job_id, "cancelling")
        return read_job(connection, job_id)

    def expire(self, connection: sa.Connection, job_id: str, waited_s: float) -> bool:
        """End a job that waited for too long, if it still waits."""
        return self._end(connection, job_id, "timed_out", error=QueueTimedOut(round(waited_s, 1)), only="queued")

    def again(self, connection: sa.Connection, job_id: str, owner: str | None = None) -> tuple[Job, list[str]]:
        """Queue a job anew that failed, timed out or was cancelled; gives the keys of what it showed before, too.

        Raises JobUnknown, JobConflict.
        """
        job = read_job(connection, job_id, owner, lock=True)
        if job.status not in ("failed", "timed_out", "cancelled"):
            raise JobConflict(f"{job_id} is {job.status}", mend="only a job that ended without result runs again")
        fresh: dict[str, Any] = {
            "status": "queued", "attempts": 0, "runs": job.runs + 1, "cancel_requested": False, "queued_at": now(),
            "host": None, "claim": None, "started_at": None, "finished_at": None, "error": None, "output": None,
            "progress": None,
        }  # fmt: skip
        useless: list[str] = []
        changed = jobs.update().where(jobs.c.id == job_id, jobs.c.runs == job.runs).values(fresh)
        if connection.execute(changed).rowcount:
            useless = drop_previews(connection, job_id)
            self._happened(connection, job_id, "queued")
            self._queue.put(connection, job_id, run=job.runs + 1, model=job.model, priority=job.priority)
        return read_job(connection, job_id), useless

    def delete(self, connection: sa.Connection, job_id: str, owner: str | None = None) -> dict[str, int]:
        """Forget a job that has ended; gives what the queue holds of it, and how many entries of each.

        Raises JobUnknown, JobConflict.
        """
        job = read_job(connection, job_id, owner, lock=True)
        if not job.ended:
            raise JobConflict(f"{job_id} is {job.status}", mend="cancel it first")
        told = sa.select(deliveries.c.id, deliveries.c.entry).where(deliveries.c.job_id == job_id)
        entries = {job_id: job.runs, **{row.id: row.entry for row in connection.execute(told)}}
        for table in (artifacts, events, deliveries):
            connection.execute(table.delete().where(table.c.job_id == job_id))
        connection.execute(jobs.delete().where(jobs.c.id == job_id))
        return entries

    def cancel_all_queued(
        self, connection: sa.Connection, owner: str | None, model: str | None = None
    ) -> dict[str, int]:
        """End every job that waits; gives the run of each that was queued, by its id."""
        chosen = sa.select(jobs.c.id, jobs.c.runs).where(jobs.c.status == "queued")
        if owner is not None:
            chosen = chosen.where(jobs.c.owner == owner)
        if model is not None:
            chosen = chosen.where(jobs.c.model == model)
        waiting = connection.execute(chosen).all()
        error = Cancelled("cancelled while it waited")
        return {
            job_id: run
            for job_id, run in waiting
            if self._end(connection, job_id, "cancelled", error=error, only="queued")
        }

    def _end(
        self,
        connection: sa.Connection,
        job_id: str,
        status: Status,
        *,
        job: Job | None = None,
        output: Mapping[str, Any] | None = None,
        error: GreenroomError | None = None,
        only: Status | None = None,
    ) -> bool:
        """Write a job's end once. job: the attempt that must still run.  only: the state that it must be in."""
        said = error_said(error)
        values: dict[str, Any] = {
            "status": status, "output": maybe_dumps(output), "error": maybe_dumps(said), "finished_at": now(),
            "host": None, "claim": None,
        }  # fmt: skip
        changed = jobs.update().where(jobs.c.id == job_id, jobs.c.status.notin_(tuple(ENDED)))
        if job is not None:
            changed = changed.where(*_ours(job))
        if only is not None:
            changed = changed.where(jobs.c.status == only)
        ended = connection.execute(changed.values(values).returning(jobs.c.webhook)).one_or_none()
        if ended is None:
            return False
        self._happened(connection, job_id, status, {"error": said} if said else {})
        return True

    def _wants_cancel(self, connection: sa.Connection, job: Job) -> bool:
        return bool(connection.execute(sa.select(jobs.c.cancel_requested).where(jobs.c.id == job.id)).scalar())

    def _happened(
        self, connection: sa.Connection, job_id: str, kind: str, data: Mapping[str, Any] | None = None
    ) -> None:
        """Write an event, and in the same transaction the delivery to whoever asked to be told of it."""
        webhook = add_event(connection, job_id, kind, data)
        if webhook is not None and kind in webhook.events:
            delivery = f"msg_{secrets.token_hex(12)}"
            row = {
                "id": delivery, "job_id": job_id, "event": kind, "state": "due",
                "created_at": now(),
            }  # fmt: skip
            connection.execute(deliveries.insert().values(row))
            self._queue.deliver(connection, delivery, entry=1)


def to_cancel(connection: sa.Connection, host: str) -> Sequence[str]:
    """Running jobs of a host that somebody wants stopped."""
    chosen = sa.select(jobs.c.id).where(
        jobs.c.host == host, jobs.c.status == "running", jobs.c.cancel_requested == sa.true()
    )
    return connection.execute(chosen).scalars().all()


def known_job(connection: sa.Connection, new: NewJob) -> Job | None:
    """The job that the idempotency key of a new one belongs to already. Raises IdempotencyMismatch."""
    if new.idempotency_key is None:
        return None
    known = connection.execute(
        sa.select(jobs.c.id, jobs.c.fingerprint).where(
            jobs.c.owner == new.owner, jobs.c.idempotency_key == new.idempotency_key
        )
    ).one_or_none()
    if known is None:
        return None
    if known.fingerprint != fingerprint(new):
        raise IdempotencyMismatch(new.idempotency_key, known.id)
    return read_job(connection, known.id)


def fingerprint(new: NewJob) -> str:
    """Tells one request from another under the same key."""
    asked = [
        new.model, new.input, new.priority, new.timeout_s, new.ttl_s, new.max_attempts, new.metadata,
        webhook_row(new.webhook),
    ]  # fmt: skip
    return hashlib.sha256(dumps(asked).encode()).hexdigest()


def _ours(job: Job) -> tuple[sa.ColumnElement[bool], ...]:
    return jobs.c.id == job.id, jobs.c.status == "running", jobs.c.claim == job.claim


def _is_ours(connection: sa.Connection, job: Job) -> bool:
    """Whether an attempt is still the one that runs; it stays so until the transaction ends."""
    return connection.execute(sa.select(jobs.c.id).where(*_ours(job)).with_for_update()).scalar() is not None


def _new_row(new: NewJob, job_id: str) -> dict[str, Any]:
    moment = now()
    return {
        "id": job_id,
        "model": new.model,
        "status": "queued",
        "owner": new.owner,
        "idempotency_key": new.idempotency_key,
        "fingerprint": fingerprint(new),
        "input": dumps(new.input),
        "metadata": dumps(new.metadata),
        "webhook": webhook_row(new.webhook),
        "traceparent": new.traceparent,
        "words": words_of(job_id, new.model, new.input, new.metadata),
        "priority": new.priority,
        "timeout_s": new.timeout_s,
        "ttl_s": new.ttl_s,
        "max_attempts": new.max_attempts,
        "created_at": moment,
        "queued_at": moment,
    }
