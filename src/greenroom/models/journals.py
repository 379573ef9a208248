"""Hidden folders in which unfinished work waits beside its result: each held by one process, with a book of its work.

What else lies there, and what of it is worth keeping, is for those whose work it is.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

from greenroom import locks
from greenroom.errors import GreenroomError, quoted
from greenroom.files import Publication, writing_to

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BOOK = "journal.json"
_LOCK = "lock"
_LONGEST_NAME = 240  # bytes, of the 255 that file systems take


class WorkRunning(GreenroomError):
    """Another process makes the same file. Subclasses say what it does."""

    retryable = True
    blameless = True

    @classmethod
    def at(cls, output: Path) -> WorkRunning:
        """In words for the command line."""
        return cls(
            f"another process is making {quoted(output)}",
            mend="wait until it has ended, or choose another output: -o",
        )


def hold(folder: Path) -> int:
    """Make a folder and hold it; gives the handle, whose closing lets go.

    Raises BlockingIOError where another process holds it, and OSError.
    """
    path = folder / _LOCK
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            handle = locks.hold(path)
        except FileNotFoundError:
            continue  # whoever held it has removed the folder meanwhile
        with contextlib.suppress(FileNotFoundError):
            if os.fstat(handle).st_ino == path.stat().st_ino:
                return handle
        os.close(handle)  # whoever held it has removed it meanwhile


def drop(folder: Path) -> None:
    """Remove the lock, and the folder if nothing else lies there. Raises OutputUnwritable."""
    with writing_to(folder):
        (folder / _LOCK).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def write_book(folder: Path, layout: int, told: Mapping[str, Any]) -> None:
    """Note what the work is. layout: the version of what is noted. Raises OutputUnwritable."""
    with Publication(folder) as out:
        out.write(BOOK, json.dumps({"layout": layout, **told}).encode())


def read_book(folder: Path, layout: int) -> dict[str, Any] | None:
    """What was noted; None where nothing was, by another version, or where it cannot be read."""
    try:
        told = json.loads((folder / BOOK).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or told.pop("layout", None) != layout:
        return None
    return told


def short_name(output: Path) -> str:
    """The name of an output, in other letters where it has no room for an ending of ours."""
    name = os.fsencode(output.name)
    return output.name if len(name) <= _LONGEST_NAME else hashlib.sha256(name).hexdigest()
