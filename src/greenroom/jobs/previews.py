"""Previews: files of a job to look at before its result is there. They stay with it, behind what it made.

They lie in the table of artifacts, at places that no result has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from greenroom.jobs.job import Artifact
from greenroom.jobs.records import PREVIEWS_FROM, artifact_row
from greenroom.jobs.schema import artifacts

if TYPE_CHECKING:
    from collections.abc import Mapping

# So many names; of more the oldest goes.
_MOST = 16


def put_preview(connection: sa.Connection, artifact: Artifact) -> list[str]:
    """Write a preview behind those that are there, in place of one of its name; gives the keys of those that go."""
    chosen = sa.select(artifacts).where(artifacts.c.job_id == artifact.job_id, artifacts.c.place >= PREVIEWS_FROM)
    there = connection.execute(chosen.order_by(artifacts.c.place)).all()
    others = [row for row in there if row.name != artifact.name]
    going = [row for row in there if row.name == artifact.name] + others[: max(0, len(others) + 1 - _MOST)]
    connection.execute(artifacts.delete().where(artifacts.c.id.in_([row.id for row in going])))
    place = max((row.place for row in there), default=PREVIEWS_FROM - 1) + 1
    connection.execute(artifacts.insert().values(artifact_row(artifact, place)))
    # A commit whose answer was lost is made again: its own file is then among those that were there.
    return [row.key for row in going if row.key != artifact.key]


def preview_said(artifact: Artifact) -> dict[str, Any]:
    """A preview as its event keeps it."""
    return {name: getattr(artifact, name) for name in ("id", "name", "media_type", "size", "sha256")}


def preview_of(job_id: str, said: Mapping[str, Any]) -> Artifact:
    """The preview that an event tells of; it may have been replaced since."""
    return Artifact(job_id=job_id, key="", **said)
