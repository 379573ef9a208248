"""Folders of jobs that outlive an attempt: what was finished before a crash is found there by the next attempt.

Each is named after its job and the attempt that took it last. Who takes one renames it: an attempt that was given up
finds it no more, and removes nothing that is another's. They lie on this machine; a job that goes on elsewhere begins
anew there.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from greenroom.jobs.errors import PoisonJob
from greenroom.jobs.job import ENDED
from greenroom.jobs.records import now
from greenroom.jobs.schema import jobs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from greenroom.jobs.database import Database
    from greenroom.jobs.job import Job

KEPT_S = 8 * 86_400.0
"""For so long stays what a job finished that may be run again, counted from its end."""

# Nobody is at work in a folder that was not taken for so long and whose job has ended or was deleted.
_QUIET_S = 60.0
# What was in a folder when it was taken. Hidden, as is whatever is not finished.
_FOUND = ".found"


class KeptFolders:
    """Folders below ``place``, each of one job. Shared by the servers of one machine."""

    def __init__(self, place: Path) -> None:
        self._place = place

    async def take(self, job_id: str, claim: str) -> Path:
        """The folder of a job for an attempt: the one that an earlier attempt left, or a new one."""
        return await asyncio.to_thread(self._take, job_id, claim)

    async def remove(self, job_id: str, claim: str) -> None:
        """Remove what an attempt left; nothing if it left nothing, or another has taken it."""
        await asyncio.to_thread(self._remove, _name(job_id, claim))

    async def names(self, job_id: str) -> list[str]:
        """What there is of a job now, for ``remove_named``: not what a later attempt takes."""
        return await asyncio.to_thread(self._names, job_id)

    async def remove_named(self, names: Iterable[str]) -> None:
        """Remove folders that nobody has taken since they were named."""
        for name in names:
            await asyncio.to_thread(self._remove, name)

    async def remove_left(self, database: Database) -> None:
        """Remove what no attempt will go on with: of jobs that ended for good, long ago, or were deleted.

        Raises DatabaseUnavailable.
        """
        names = await asyncio.to_thread(self._quiet)
        for at in range(0, len(names), 500):
            some = {name: name.rpartition("-")[0] for name in names[at : at + 500]}
            wanted = await database.read(partial(_wanted, set(some.values())))
            await self.remove_named(name for name, job_id in some.items() if job_id not in wanted)

    def grew(self, job: Job) -> bool:
        """Whether an attempt has finished something here that was not there when it began. For threads."""
        folder = self._place / _name(job.id, job.claim or "")
        with contextlib.suppress(OSError, ValueError):
            found = set(json.loads((folder / _FOUND).read_text(encoding="utf-8")))
            return not found.issuperset(_files(folder))
        return False

    def _take(self, job_id: str, claim: str) -> Path:
        folder = self._place / _name(job_id, claim)
        self._place.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in self._names(job_id):
            with contextlib.suppress(OSError):  # it is being removed, or there are two: one is enough
                (self._place / name).rename(folder)
                break
        folder.mkdir(mode=0o700, exist_ok=True)
        os.utime(folder)
        with contextlib.suppress(OSError):  # without it an attempt counts
            (folder / _FOUND).unlink(missing_ok=True)
            (folder / _FOUND).write_text(json.dumps(_files(folder)), encoding="utf-8")
        return folder

    def _names(self, job_id: str) -> list[str]:
        with contextlib.suppress(FileNotFoundError):
            return [entry.name for entry in os.scandir(self._place) if entry.name.rpartition("-")[0] == job_id]
        return []

    def _quiet(self) -> list[str]:
        with contextlib.suppress(FileNotFoundError):
            return [entry.name for entry in os.scandir(self._place) if _is_quiet(entry)]
        return []

    def _remove(self, name: str) -> None:
        with contextlib.suppress(OSError):
            # Much may be in it. Once it is renamed nobody finds it.
            aside = self._place / f".{secrets.token_hex(6)}"
            (self._place / name).rename(aside)
            shutil.rmtree(aside, ignore_errors=True)


def goes_on(status: str, error: Mapping[str, Any] | None) -> bool:
    """Whether a job that ended so may be run again, and then goes on behind what it finished."""
    if status == "timed_out":
        return True
    worth_it = error is not None and (error.get("retryable") or error.get("code") == PoisonJob.code)
    return status == "failed" and bool(worth_it)


def _name(job_id: str, claim: str) -> str:
    return f"{job_id}-{claim}"


def _files(folder: Path) -> list[str]:
    """What is finished in a folder, by its path there: what is hidden is not."""
    return [
        str((Path(place) / name).relative_to(folder))
        for place, _, names in os.walk(folder)
        for name in names
        if not name.startswith(".")
    ]


def _is_quiet(entry: os.DirEntry[str]) -> bool:
    with contextlib.suppress(OSError):
        return time.time() - entry.stat(follow_symlinks=False).st_mtime > _QUIET_S
    return False


def _wanted(job_ids: Iterable[str], connection: sa.Connection) -> set[str]:
    """Those of jobs that have not ended, or that may be run again and ended not long ago."""
    chosen = sa.select(jobs.c.id, jobs.c.status, jobs.c.error, jobs.c.finished_at).where(jobs.c.id.in_(list(job_ids)))
    since = now() - int(KEPT_S * 1000)
    return {
        row.id
        for row in connection.execute(chosen)
        if row.status not in ENDED
        or ((row.finished_at or 0) > since and goes_on(row.status, json.loads(row.error) if row.error else None))
    }
