"""Files of jobs, in a folder or in any object store by URL: ``s3://bucket/prefix``, ``gs://``, ``az://``, ``file:///``."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from greenroom.errors import GreenroomError, InputInvalid
from greenroom.jobs.job import Artifact

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from greenroom.models.model import MadeFile

_CHUNK = 1 << 20
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class ArtifactsUnavailable(GreenroomError):
    """The store of artifacts does not take or give a file now."""

    code = "artifacts-unavailable"
    retryable = True

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the store of artifacts did not answer for {name}", mend="try again; the server's log says more"
        )


class ArtifactStoreFull(GreenroomError):
    """There is no room for a file."""

    code = "artifact-store-full"
    retryable = True

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no room left for {name}", mend="free some of the disk, then run the job again")


@dataclass(frozen=True, slots=True)
class Kept:
    """What was put into the store. sha256: of the bytes that were sent, taken on their way."""

    size: int
    sha256: str


class ArtifactStore:
    """Keeps and gives files, streamed: none is ever in memory whole."""

    def __init__(self, url: str) -> None:
        try:
            folder = Path(url.removeprefix("file://")).expanduser().absolute() if _is_folder(url) else None
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
            self._store: Any = LocalStore(folder) if folder is not None else from_url(url)
        except (BaseError, ValueError, OSError) as error:
            raise InputInvalid(
                f"the store of artifacts cannot be opened ({type(error).__name__})",
                mend="give a folder, or a URL such as s3://bucket/prefix with its credentials in the environment",
            ) from error
        self._folder = folder

    async def keep(self, file: Path, key: str) -> Kept:
        """Put a file under a key. Raises ArtifactsUnavailable, ArtifactStoreFull."""
        return await asyncio.to_thread(self._keep, file, key)

    async def keep_made(self, job_id: str, place: str, made: MadeFile) -> Artifact:
        """Put a file of a job into the store. Raises ArtifactsUnavailable, ArtifactStoreFull.

        place: a name of the attempt's own for this file: one that was given up cannot write over another's.
        """
        name = safe_name(made.path.name)
        key = f"{_of_job(job_id)}{place}/{name}"
        kept = await self.keep(made.path, key)
        return Artifact(f"art_{secrets.token_hex(12)}", job_id, name, made.media_type, kept.size, kept.sha256, key)

    def local_path(self, key: str) -> Path | None:
        """Where a file lies when the store is a folder of this machine."""
        return None if self._folder is None else self._folder / key

    async def link(self, key: str, seconds: int) -> str | None:
        """A link to the store's own server, where it can sign one."""
        if self._folder is not None:
            return None
        try:
            return await obstore.sign_async(self._store, "GET", key, timedelta(seconds=seconds))
        except (BaseError, ValueError, TypeError, AttributeError):
            return None  # as with RunPod's volumes, whose server signs nothing: the bytes then go through ours

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """The bytes of a file, piece by piece. Raises ArtifactsUnavailable."""
        try:
            found = await obstore.get_async(self._store, key)
            async for piece in found.stream(min_chunk_size=_CHUNK):
                yield bytes(piece)
        except (BaseError, FileNotFoundError) as error:
            raise ArtifactsUnavailable(key.rsplit("/", 1)[-1]) from error

    async def delete(self, key: str) -> None:
        """Take a file out; nothing if it is not there."""
        try:
            await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            return
        except BaseError as error:
            raise ArtifactsUnavailable(key.rsplit("/", 1)[-1]) from error

    async def delete_all(self, job_id: str) -> None:
        """Take out all files of a job, those of attempts that came to nothing as well."""
        try:
            async for found in obstore.list(self._store, _of_job(job_id)):
                for entry in found:
                    await self.delete(entry["path"])
        except BaseError as error:
            raise ArtifactsUnavailable(job_id) from error
        if self._folder is not None:
            await asyncio.to_thread(shutil.rmtree, self._folder / _of_job(job_id), ignore_errors=True)

    def _keep(self, file: Path, key: str) -> Kept:
        digest, size = hashlib.sha256(), 0

        def pieces() -> Iterator[bytes]:
            nonlocal size
            with file.open("rb") as opened:
                while piece := opened.read(_CHUNK):
                    digest.update(piece)
                    size += len(piece)
                    yield piece

        name = key.rsplit("/", 1)[-1]
        try:
            obstore.put(self._store, key, pieces())
            if self._folder is not None:
                _flush(self._folder / key)
        except (BaseError, OSError) as error:
            full = "no space left" in str(error).lower() or "os error 28" in str(error).lower()
            raise (ArtifactStoreFull if full else ArtifactsUnavailable)(name) from error
        return Kept(size, digest.hexdigest())


def _is_folder(url: str) -> bool:
    return "://" not in url or url.startswith("file://")


def _of_job(job_id: str) -> str:
    return f"jobs/{job_id}/"


def safe_name(name: str) -> str:
    """A name that is safe in keys, headers and on any disk, with its ending."""
    cleaned = _UNSAFE.sub("_", Path(name).name).lstrip(".") or "file"
    stem, dot, ending = cleaned.rpartition(".")
    return f"{stem[:80]}{dot}{ending[:12]}" if stem else cleaned[:80]


def _flush(path: Path) -> None:
    """A power cut after this leaves the file whole, under its name."""
    for place in (path, path.parent):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
