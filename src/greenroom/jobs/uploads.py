"""Files that callers sent, kept until a job of theirs names one as an input."""

from __future__ import annotations

import json
import logging
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from greenroom.errors import GreenroomError
from greenroom.jobs.artifacts import safe_name
from greenroom.jobs.errors import UploadUnknown
from greenroom.jobs.records import dumps, now
from greenroom.jobs.schema import uploads
from greenroom.jobs.shown import shown_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from greenroom.jobs.artifacts import ArtifactStore
    from greenroom.jobs.database import Database

PREFIX = "upload_"
_log = logging.getLogger("greenroom.jobs")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a caller's. facts: what was found when it was looked at, such as its seconds."""

    id: str
    owner: str
    name: str
    media_type: str
    size: int
    sha256: str
    key: str
    facts: Mapping[str, Any]
    created_at: int

    def shown(self, url: str) -> dict[str, Any]:
        """The upload for its owner. url: where it can be seen."""
        return {
            "id": self.id,
            "object": "upload",
            "name": self.name,
            "media_type": self.media_type,
            "size": self.size,
            "sha256": self.sha256,
            "facts": dict(self.facts),
            "url": url,
            "created_at": shown_time(self.created_at),
        }


class Uploads:
    """The uploads of a server: rows in the database of jobs, bytes in the store of artifacts."""

    def __init__(self, database: Database, store: ArtifactStore) -> None:
        self._database, self._store = database, store

    async def keep(self, file: Path, owner: str, name: str, media_type: str, facts: Mapping[str, Any]) -> Upload:
        """Keep a file. Raises ArtifactsUnavailable, ArtifactStoreFull, DatabaseUnavailable."""
        upload_id, name = f"{PREFIX}{secrets.token_hex(12)}", safe_name(name)
        key = f"uploads/{upload_id}/{name}"
        kept = await self._store.keep(file, key)
        upload = Upload(upload_id, owner, name, media_type, kept.size, kept.sha256, key, facts, now())
        row = {field: getattr(upload, field) for field in upload.__slots__} | {"facts": dumps(facts)}
        await self._database.call(lambda connection: connection.execute(uploads.insert().values(row)))
        return upload

    async def find(self, upload_id: str, owner: str | None) -> Upload:
        """One upload. owner: None finds anybody's. Raises UploadUnknown."""
        if "\0" in upload_id:
            raise UploadUnknown(upload_id)
        chosen = sa.select(uploads).where(uploads.c.id == upload_id)
        if owner is not None:
            chosen = chosen.where(uploads.c.owner == owner)
        row = await self._database.read(lambda connection: connection.execute(chosen).one_or_none())
        if row is None:
            raise UploadUnknown(upload_id)
        return Upload(**{**row._mapping, "facts": json.loads(row.facts)})

    async def fetch(self, upload_id: str, owner: str | None, folder: Path) -> Path:
        """Put the bytes of an upload into a folder; gives their path. Raises UploadUnknown, ArtifactsUnavailable."""
        upload = await self.find(upload_id, owner)
        target = folder / f"{upload.id}-{upload.name}"
        with target.open("wb") as file:
            async for piece in self._store.read(upload.key):
                file.write(piece)
        return target

    async def delete(self, upload_id: str, owner: str | None) -> None:
        """Forget an upload. Raises UploadUnknown."""
        upload = await self.find(upload_id, owner)
        await self._store.delete(upload.key)
        await self._database.call(
            lambda connection: connection.execute(uploads.delete().where(uploads.c.id == upload_id))
        )

    async def forget_before(self, moment: int) -> None:
        """Delete what was sent before a moment, in milliseconds of the epoch."""
        chosen = sa.select(uploads.c.id).where(uploads.c.created_at < moment).limit(1000)

        def old(connection: sa.Connection) -> Sequence[str]:
            return connection.execute(chosen).scalars().all()

        for upload_id in await self._database.read(old):
            try:
                await self.delete(upload_id, None)
            except GreenroomError as error:  # it is tried again the next time
                _log.warning("the old upload %s is not deleted: %s", upload_id, error)
