"""A folder that belongs to one server process, and goes with it: for files while they are worked on."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOCK = "lock"


@contextlib.contextmanager
def own_folder(place: Path) -> Iterator[Path]:
    """A new folder below ``place``, removed at the end; those that killed servers left there are removed first.

    A server holds a lock in its folder that the system lets go of when it dies.
    """
    place.mkdir(parents=True, exist_ok=True)
    for left in place.iterdir():
        if _is_left(left):
            shutil.rmtree(left, ignore_errors=True)
    folder = place / secrets.token_hex(6)
    # Made beside and renamed with its lock held, so that nobody sees it without.
    making = folder.with_name(f".{folder.name}")
    making.mkdir(mode=0o700)
    handle = os.open(making / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        making.rename(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _is_left(folder: Path) -> bool:
    """Whether nobody holds the lock of a folder any more. One that is being made is not looked at."""
    if folder.name.startswith("."):
        return False
    try:
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(handle)
