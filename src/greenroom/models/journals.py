"""Hidden folders in which unfinished work waits beside its result: each held by one process, with a book of its work.

What else lies there, and what of it is worth keeping, is for those whose work it is.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from greenroom import locks
from greenroom.errors import GreenroomError, quoted
from greenroom.files import Publication, writing_to

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from dataclasses import Field
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


class CannotGoOn(GreenroomError):
    """What an earlier run has done is of no use to this one. Subclasses say what is in the way. reason: why."""

    reason: str


class _Noted(Protocol):
    """A result. notes: sentences on it."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def notes(self) -> tuple[str, ...]: ...


_Made = TypeVar("_Made", bound=_Noted)


def gone_on(make: Callable[[bool], _Made], had: str) -> _Made:
    """What a request that is served makes: with what an earlier attempt has done, or anew where that is of no use.

    make: told whether to begin anew.  had: what is said of such work, such as ``done``.
    Raises WorkRunning in words for those who ask a server, and what ``make`` raises.
    """
    try:
        return make(False)
    except CannotGoOn as error:
        # Another version or another device came meanwhile: a job that begins anew beats one that fails.
        anew = f"begun anew, since what an earlier attempt had {had} cannot be gone on with: {error.reason}"
        made = make(True)
        return replace(made, notes=(*made.notes, anew))
    except WorkRunning as error:
        # Where its work lies is nothing to those who ask, and neither are the flags of the command line.
        raise type(error)(
            "an earlier attempt at this request has not ended yet", mend="ask again in a minute"
        ) from None


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
