"""A folder that belongs to one server process, and goes with it: for files while they are worked on."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from typing import TYPE_CHECKING

from greenroom.locks import hold, was_left

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
    handle = hold(making / _LOCK)
    try:
        making.rename(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _is_left(folder: Path) -> bool:
    """Whether nobody holds the lock of a folder any more. One that is being made is not looked at."""
    return not folder.name.startswith(".") and was_left(folder / _LOCK)
