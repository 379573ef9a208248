"""Folders for requests, used again: on some disks it takes longer to remove one than to answer a small request."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# As many as are in use at once on a busy server; more are removed.
_KEPT = 256


class Folders:
    """Empty folders below ``place``, each for one request at a time. Used from one event loop."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._free: list[Path] = []

    def take(self) -> Path:
        """A folder that is there, is empty, and that nobody else has."""
        while self._free:
            if (folder := self._free.pop()).is_dir():
                return folder
        folder = self._place / secrets.token_hex(8)
        folder.mkdir(mode=0o700, parents=True)
        return folder

    async def give_back(self, folder: Path) -> None:
        """Empty a folder for the next request. Nothing may write into it any more."""
        if len(self._free) >= _KEPT:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        elif _is_empty(folder) or await asyncio.to_thread(_emptied, folder):
            self._free.append(folder)

    def remove(self, folder: Path) -> None:
        """Remove a folder whose request ended badly: what was cancelled may still write a last piece into it."""
        shutil.rmtree(folder, ignore_errors=True)


def _is_empty(folder: Path) -> bool:
    try:
        with os.scandir(folder) as found:
            return next(found, None) is None
    except OSError:
        return False


def _emptied(folder: Path) -> bool:
    """Remove all that is in a folder; says whether that went well."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        return True
    return False
