"""Operations under way, each a file ``JOURNAL.d/TIME-7f3a.part``; one whose process died is closed as interrupted.

The file holds the entry as it stands if nothing more is heard, and in its first line who writes it. Its process holds
the file's lock for as long as it lives, and the system lets go of that however it ends. The entry that takes the file's
place has its name, so that whoever is killed between the two doubles nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from greenroom import locks
from greenroom.leases import Holder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ENDING = ".part"
# Some network file systems give a lock to everybody. What another machine began is taken for dead after so long.
_ELSEWHERE_S = 24 * 3600.0
# Nobody writes one for so long: what is hidden and older was left.
_WRITING_S = 3600.0
_MARK = ("<!-- ", " -->")


@dataclass(slots=True)
class Unfinished:
    """One that this process has begun. path: its file.  handle: its lock."""

    path: Path
    handle: int

    def end(self) -> None:
        """It is over, and what is to be known of it is written elsewhere."""
        self.path.unlink(missing_ok=True)
        self.let_go()

    def let_go(self) -> None:
        """Leave the file as a crash would."""
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1


def begin(folder: Path, name: str, entry: str, purpose: str) -> Unfinished:
    """Say that an operation is under way. entry: as it stands if nothing more is heard. Raises OSError.

    The file is whole, and its lock held, from the first moment on in which others see it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}{ENDING}"
    staged = folder / f".{name}{ENDING}"
    handle = locks.hold(staged)
    try:
        said = f"{json.dumps(asdict(Holder.me(purpose)))}".join(_MARK)
        os.write(handle, f"{said}\n{entry}".encode())
        os.fsync(handle)
        staged.rename(path)
    except BaseException:
        os.close(handle)
        with contextlib.suppress(OSError):
            staged.unlink(missing_ok=True)
        raise
    return Unfinished(path, handle)


def close_left(folder: Path, publish: Callable[[Path, str], None]) -> int:
    """Close what processes left that are no more; gives how many.

    publish: called with the file of an entry that is to be and its text, unless that is there already. Raises OSError,
    and what it raises.
    """
    closed = 0
    for path in _files(folder):
        handle = locks.take_left(path)
        if handle is None:  # its process lives, or it is gone
            continue
        try:
            if _is_left(path, handle):
                fragment = path.with_suffix(".md")
                if not path.name.startswith(".") and not fragment.exists():
                    publish(fragment, _read(handle)[1])
                path.unlink(missing_ok=True)
                closed += 1
        finally:
            os.close(handle)
    return closed


def _files(folder: Path) -> Iterator[Path]:
    """Those that say something, and those that were never finished writing."""
    with contextlib.suppress(OSError):
        for path in sorted(path for path in folder.iterdir() if path.suffix == ENDING):
            with contextlib.suppress(FileNotFoundError):
                if not path.name.startswith(".") or time.time() - path.stat().st_mtime >= _WRITING_S:
                    yield path


def _is_left(path: Path, handle: int) -> bool:
    """Whether its process is no more. A file whose lock was just let go of may have its end, or its name, by now."""
    try:
        seen = path.stat()
    except FileNotFoundError:
        return False
    mine = os.fstat(handle)
    if (seen.st_dev, seen.st_ino) != (mine.st_dev, mine.st_ino):
        return False
    holder = _read(handle)[0]
    if holder is None:
        return True
    me = Holder.me("")
    if holder.host != me.host:
        return time.time() - mine.st_mtime >= _ELSEWHERE_S
    return holder.machine != me.machine or holder.is_dead


def _read(handle: int) -> tuple[Holder | None, str]:
    """Who wrote it, and the entry."""
    size = os.fstat(handle).st_size
    first, _, entry = os.pread(handle, size, 0).decode("utf-8", "replace").partition("\n")
    try:
        return Holder(**json.loads(first.removeprefix(_MARK[0]).removesuffix(_MARK[1]))), entry
    except (ValueError, TypeError):
        return None, entry
