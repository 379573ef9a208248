"""Files that are whole or absent: written beside their place, then renamed into it."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from typing import IO, TYPE_CHECKING, Self

from greenroom.errors import InputInvalid, OutputUnwritable, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType


class Publication:
    """A set of files that are whole or absent, and appear at the end of the block.

    >>> with Publication(folder) as out:
    ...     out.write("speech.srt", text.encode())

    Each file is written under a hidden name in the same folder; on leaving the block all are flushed to disk, then
    renamed one after another. An exception, Ctrl-C included, removes them. A link is followed and stays one.
    Raises OutputUnwritable when the folder cannot be made, does not take the bytes, or when something that is no
    ordinary file has the name; InputInvalid when two results want one name.
    """

    def __init__(self, folder: Path, option: str = "-o") -> None:
        """option: of the command, by which users choose the folder."""
        self.folder = folder
        self._option = option
        self._staged: dict[Path, Path] = {}

    def __enter__(self) -> Self:
        with writing_to(self.folder, self._option):
            self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def open(self, name: str) -> IO[bytes]:
        """A new file for writing, seekable, that becomes ``folder/name`` when the block ends."""
        shown = self.folder / name
        target = shown.resolve()
        if target in self._staged:
            raise InputInvalid(f"two results would be named {quoted(shown)}", mend=f"choose another {self._option}")
        if target.is_dir():
            raise OutputUnwritable(f"{quoted(shown)} is a folder", mend="name a file")
        if target.exists() and not target.is_file():
            raise OutputUnwritable(
                f"{quoted(shown)} is a device or a pipe, which no file may replace", mend="name a file"
            )
        # A short name: the target's own may have no letter to spare.
        staged = target.with_name(f".{secrets.token_hex(6)}.part")
        with writing_to(shown, self._option):
            file = staged.open("xb")
        self._staged[target] = staged
        return file

    def write(self, name: str, data: bytes) -> Path:
        """Stage ``data`` as ``folder/name``; gives that path."""
        target = self.folder / name
        with writing_to(target, self._option), self.open(name) as file:
            file.write(data)
            file.flush()
        return target

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._publish()
        finally:
            for staged in self._staged.values():
                with contextlib.suppress(OSError):
                    staged.unlink(missing_ok=True)

    def _publish(self) -> None:
        for target, staged in self._staged.items():
            with writing_to(target, self._option), staged.open("rb") as file:
                os.fsync(file.fileno())
        for target, staged in self._staged.items():
            with writing_to(target, self._option):
                staged.replace(target)


@contextlib.contextmanager
def writing_to(target: Path, option: str = "-o") -> Iterator[None]:
    """Turn what the system says about ``target`` into OutputUnwritable. option: by which users choose another."""
    try:
        yield
    except OSError as error:
        raise _unwritable(target, error, option) from error


class _TriedError(Exception):
    """It was tried, and nothing is to be published."""


def try_writing(paths: Sequence[Path]) -> None:
    """Meet now what files of one folder would meet when all the work is done. Raises OutputUnwritable, InputInvalid."""
    folder = paths[0].parent
    with writing_to(folder):
        absent = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        with contextlib.suppress(_TriedError), Publication(folder) as out:
            for path in paths:
                out.open(path.name).close()
            raise _TriedError
    finally:  # whatever ends the work before there is a result leaves no empty folder
        for one in absent:
            with contextlib.suppress(OSError):
                one.rmdir()


def is_disk_full(error: BaseException) -> bool:
    """Whether the system says that a disk, or a share of it, has no room left."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def _unwritable(target: Path, error: OSError, option: str) -> OutputUnwritable:
    place = quoted(target)
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return OutputUnwritable(f"no room on the disk for {place}", mend=f"free some, or choose another {option}")
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return OutputUnwritable(
                f"{place} may not be written", mend=f"choose another {option}, or change its rights"
            )
        case errno.ENOTDIR | errno.EEXIST:
            return OutputUnwritable(
                f"{place} lies under something that is not a folder", mend=f"choose another {option}"
            )
        case errno.EFBIG:
            return OutputUnwritable(f"{place} grows beyond what this system allows a file", mend="raise ulimit -f")
        case errno.ENAMETOOLONG:
            return OutputUnwritable(f"the name of {place} is too long", mend=f"choose a shorter {option}")
    return OutputUnwritable(f"{place} cannot be written: {error.strerror or error}", mend=f"choose another {option}")
