"""A job as JSON: in answers, in events, in webhooks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from greenroom.jobs.job import EVENT_KINDS, PREVIEW
from greenroom.jobs.previews import preview_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.jobs.job import Artifact, Event, Job


def shown_job(job: Job, link: Callable[[Artifact], str]) -> dict[str, Any]:
    """A job for its owner. link: gives the address of an artifact."""
    progress = job.progress
    return {
        "id": job.id,
        "object": "job",
        "model": job.model,
        "status": job.status,
        "progress": None
        if progress is None or job.status != "running"
        else {
            "stage": progress.stage,
            "done": progress.done,
            "total": progress.total,
            "fraction": round(progress.fraction, 4),
            "eta_s": progress.eta_s,
        },
        "queue_position": job.queue_position,
        "input": dict(job.input),
        "output": None if job.output is None else dict(job.output),
        "artifacts": [shown_artifact(artifact, link) for artifact in job.artifacts],
        "previews": [shown_artifact(artifact, link) for artifact in job.previews],
        "error": None if job.error is None else dict(job.error),
        "attempts": job.attempts,
        "max_attempts": job.max_attempts,
        "priority": job.priority,
        "timeout_s": job.timeout_s,
        "ttl_s": job.ttl_s,
        "metadata": dict(job.metadata),
        "cancel_requested": job.cancel_requested,
        "created_at": shown_time(job.created_at),
        "started_at": None if job.started_at is None else shown_time(job.started_at),
        "finished_at": None if job.finished_at is None else shown_time(job.finished_at),
    }


def shown_artifact(artifact: Artifact, link: Callable[[Artifact], str]) -> dict[str, Any]:
    """An artifact with its address."""
    return {
        "id": artifact.id,
        "name": artifact.name,
        "media_type": artifact.media_type,
        "size": artifact.size,
        "sha256": artifact.sha256,
        "url": link(artifact),
    }


def shown_event(event: Event, link: Callable[[Artifact], str]) -> dict[str, Any]:
    """An event; what it tells stands beside its number, kind and time. link: gives the address of an artifact.

    What a model tells stands under ``data``: none of its names takes the place of ours.
    """
    data = dict(event.data)
    if event.kind == PREVIEW:
        data = {"artifact": shown_artifact(preview_of(event.job_id, data["artifact"]), link)}
    elif event.kind not in EVENT_KINDS:
        data = {"data": data}
    return {"number": event.number, "kind": event.kind, "at": shown_time(event.at), **data}


def shown_time(milliseconds: int) -> str:
    """A moment as ISO 8601 in UTC: ``2026-11-24T15:00:00.250Z``."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
