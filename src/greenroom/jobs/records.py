"""Jobs as rows, and rows as jobs."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from greenroom.jobs.job import Artifact, Event, Job, Progress, Webhook
from greenroom.jobs.schema import artifacts, events, jobs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from greenroom.errors import GreenroomError


# Built once: every change of a job needs them.
_COUNT_EVENT = (
    jobs.update()
    .where(jobs.c.id == sa.bindparam("job"))
    .values(events=jobs.c.events + 1)
    .returning(jobs.c.events, jobs.c.webhook)
)
_ADD_EVENT = events.insert()


# Artifacts at this place and behind it are previews.
PREVIEWS_FROM = 1_000_000
# Of a book the beginning is searched.
_MOST_WORDS = 20_000


def now() -> int:
    """Milliseconds of the epoch. For people and for order; no waiting time is measured by it."""
    return int(time.time() * 1000)


def dumps(value: Any) -> str:
    """JSON without needless spaces; letters as they are, so that a search finds them."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def maybe_dumps(value: Any) -> str | None:
    """JSON, or NULL for None."""
    return None if value is None else dumps(value)


def add_event(
    connection: sa.Connection, job_id: str, kind: str, data: Mapping[str, Any] | None = None
) -> Webhook | None:
    """Write the next event of a job, in the transaction that made it happen; gives who is to be told, if anybody."""
    row = connection.execute(_COUNT_EVENT, {"job": job_id}).one()
    said = {"job_id": job_id, "number": row.events, "kind": kind, "at": now(), "data": dumps(data or {})}
    connection.execute(_ADD_EVENT, said)
    return _webhook(row.webhook)


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a job: what it made, and what it showed before."""

    made: tuple[Artifact, ...] = ()
    previews: tuple[Artifact, ...] = ()


def job_of(row: sa.Row[Any], files: Files | None = None, position: int | None = None) -> Job:
    """A row of ``jobs`` as a Job."""
    said = row._mapping
    progress = _loads(said["progress"])
    return Job(
        **{name: said[name] for name in _AS_THEY_ARE},
        input=_loads(said["input"]),
        output=_loads(said["output"]),
        error=_loads(said["error"]),
        metadata=_loads(said["metadata"]),
        progress=Progress(**progress) if progress else None,
        webhook=_webhook(said["webhook"]),
        artifacts=files.made if files else (),
        previews=files.previews if files else (),
        queue_position=position,
    )


def event_of(row: sa.Row[Any]) -> Event:
    """A row of ``events`` as an Event."""
    said = row._mapping
    return Event(said["job_id"], said["number"], said["kind"], said["at"], json.loads(said["data"]))


def files_of(connection: sa.Connection, job_ids: Iterable[str]) -> dict[str, Files]:
    """The files of several jobs that have any, in the order in which the model gave them."""
    rows: dict[str, list[sa.Row[Any]]] = {}
    chosen = sa.select(artifacts).where(artifacts.c.job_id.in_(list(job_ids))).order_by(artifacts.c.place)
    for row in connection.execute(chosen):
        rows.setdefault(row.job_id, []).append(row)
    return {
        job_id: Files(
            tuple(artifact_of(row) for row in found if row.place < PREVIEWS_FROM),
            tuple(artifact_of(row) for row in found if row.place >= PREVIEWS_FROM),
        )
        for job_id, found in rows.items()
    }


def artifact_of(row: sa.Row[Any]) -> Artifact:
    """A row of ``artifacts`` as an Artifact."""
    return Artifact(**{name: value for name, value in row._mapping.items() if name != "place"})


def artifact_row(artifact: Artifact, place: int) -> dict[str, Any]:
    """An artifact as a row."""
    return {"place": place, **{name: getattr(artifact, name) for name in artifact.__slots__}}


def words_of(*values: Any) -> str:
    """All words in some JSON, in small letters, for the search."""
    return " ".join(_strings(values)).casefold().replace("\0", " ")[:_MOST_WORDS]


def error_said(error: GreenroomError | None) -> dict[str, Any] | None:
    """An error as its job keeps it: ``code``, ``message``, ``mend``, ``retryable``."""
    return None if error is None else {**error.as_dict(), "retryable": error.retryable}


def webhook_row(webhook: Webhook | None) -> str | None:
    """A webhook as JSON, or NULL."""
    return None if webhook is None else dumps(asdict(webhook))


def _webhook(text: str | None) -> Webhook | None:
    if text is None:
        return None
    said = json.loads(text)
    return Webhook(said["url"], said["secret"], tuple(said["events"]))


def _strings(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield str(name)
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)


def _loads(text: str | None) -> Any:
    return None if text is None else json.loads(text)


_AS_THEY_ARE = (
    "id", "model", "status", "owner", "priority", "timeout_s", "ttl_s", "attempts", "max_attempts", "runs",
    "cancel_requested", "traceparent", "host", "claim", "created_at", "queued_at", "started_at", "finished_at",
)  # fmt: skip
