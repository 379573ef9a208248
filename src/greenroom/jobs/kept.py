"""Folders of jobs that outlive an attempt: what was finished before a crash is found there by the next attempt.

They lie on this machine. A job that goes on elsewhere begins anew there, and what it left here goes when it has ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import time
from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa

from greenroom.jobs.job import ENDED
from greenroom.jobs.schema import jobs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from greenroom.jobs.database import Database

# Nobody is at work in a folder that was not taken for so long and whose job has ended or was deleted.
_QUIET_S = 60.0


class KeptFolders:
    """Folders below ``place``, each of one job. Shared by the servers of one machine."""

    def __init__(self, place: Path) -> None:
        self._place = place

    async def take(self, job_id: str) -> Path:
        """The folder of a job, made if it is not there."""
        return await asyncio.to_thread(self._take, job_id)

    async def remove(self, job_id: str) -> None:
        """Remove what a job left; nothing if it left nothing."""
        await asyncio.to_thread(self._remove, job_id)

    async def remove_left(self, database: Database) -> None:
        """Remove what jobs left that ended without an attempt here, or were deleted. Raises DatabaseUnavailable."""
        names = await asyncio.to_thread(self._quiet)
        for at in range(0, len(names), 500):
            some = names[at : at + 500]
            for name in set(some) - await database.read(partial(_open, some)):
                await asyncio.to_thread(self._remove, name, only_quiet=True)

    def _take(self, job_id: str) -> Path:
        folder = self._place / job_id
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.utime(folder)
        return folder

    def _quiet(self) -> list[str]:
        with contextlib.suppress(FileNotFoundError):
            return [entry.name for entry in os.scandir(self._place) if _is_quiet(entry)]
        return []

    def _remove(self, name: str, *, only_quiet: bool = False) -> None:
        folder = self._place / name
        with contextlib.suppress(OSError):
            # It was taken again meanwhile if its job was run again.
            if only_quiet and time.time() - folder.stat().st_mtime <= _QUIET_S:
                return
            # Much may be in it. Once it is renamed nobody finds it, and a job that is run again has a new one.
            aside = folder.with_name(f".{secrets.token_hex(6)}")
            folder.rename(aside)
            shutil.rmtree(aside, ignore_errors=True)


def _is_quiet(entry: os.DirEntry[str]) -> bool:
    with contextlib.suppress(OSError):
        return time.time() - entry.stat(follow_symlinks=False).st_mtime > _QUIET_S
    return False


def _open(names: Iterable[str], connection: sa.Connection) -> set[str]:
    """Those that are names of jobs which have not ended."""
    chosen = sa.select(jobs.c.id).where(jobs.c.id.in_(list(names)), jobs.c.status.notin_(tuple(ENDED)))
    return set(connection.execute(chosen).scalars())
