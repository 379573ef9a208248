"""The jobs and steps of a workflow of GitHub Actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenroom.diagnose.document import Document, Value


def jobs_of(workflow: Document) -> dict[str, Value]:
    """By name, its jobs."""
    jobs = workflow.get("jobs")
    return {key.scalar: value for key, value in jobs.entries} if jobs is not None else {}


def steps_of(job: Value) -> tuple[Value, ...]:
    """The steps of a job in order."""
    steps = job.get("steps")
    return steps.items if steps is not None else ()
