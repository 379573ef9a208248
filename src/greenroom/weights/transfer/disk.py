"""What a disk says, as errors that name the file and the mend."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from typing import TYPE_CHECKING

from greenroom.errors import quoted
from greenroom.weights.transfer.errors import DiskFailed, NoRoom

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
# Room for what fstatfs says, of which the first word is the kind of file system.
_STATFS = 256
# tmpfs and ramfs. Source: linux/magic.h.
_IN_MEMORY = frozenset({0x01021994, 0x858458F6})
_CANNOT_ALLOCATE = frozenset({errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})


@contextlib.contextmanager
def on_disk(path: Path) -> Iterator[None]:
    """Turn what the system says about a file into NoRoom or DiskFailed."""
    try:
        yield
    except OSError as error:
        raise _disk_error(path, error) from error


def reserve(handle: int, path: Path, size: int) -> None:
    """Make a file ``size`` bytes long, and take the room for it now. Raises NoRoom, DiskFailed.

    What is free is compared first: a file system that is asked for more than it has may take all of it before it says
    no. Some network volumes cannot take room beforehand; there the comparison is all.
    """
    with on_disk(path):
        held, there = os.fstat(handle), os.fstatvfs(handle)
        free = there.f_bavail * there.f_frsize
        if (needed := size - held.st_blocks * 512) > free:
            raise NoRoom(
                f"no room on the disk for {quoted(path)}: it needs {needed:,} bytes more, and {free:,} are free",
                mend="free some, or choose another folder",
            )
        try:
            _allocate(handle, size)
        except OSError:
            os.ftruncate(handle, held.st_size)
            raise
        os.ftruncate(handle, size)


def _allocate(handle: int, size: int) -> None:
    """Set the room aside where the file system can do that. Raises OSError.

    The system call itself, and not os.posix_fallocate: where the file system has no such thing, the C library would
    write into every block of the file instead, which takes minutes on a network volume. In memory the system itself
    would do that, so there the comparison is all too.
    """
    c_library = ctypes.CDLL(None, use_errno=True)
    try:
        allocate, look = c_library.fallocate, c_library.fstatfs
    except AttributeError:  # another C library
        return
    kind = ctypes.create_string_buffer(_STATFS)
    if look(ctypes.c_int(handle), kind) == 0 and ctypes.c_long.from_buffer(kind).value in _IN_MEMORY:
        return
    allocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    while size and allocate(handle, 0, 0, size):
        number = ctypes.get_errno()
        if number in _CANNOT_ALLOCATE:
            return
        if number != errno.EINTR:
            raise OSError(number, os.strerror(number))


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last. Some file systems do not offer that, and need it the less."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _disk_error(path: Path, error: OSError) -> NoRoom | DiskFailed:
    place = quoted(path)
    if error.errno in _NO_ROOM:
        return NoRoom(f"no room on the disk for {place}", mend="free some, then run it again")
    match error.errno:
        case errno.EACCES | errno.EPERM | errno.EROFS:
            mend = "change its rights, or choose another folder"
        case errno.EFBIG:
            mend = "raise ulimit -f, or choose a file system that takes files of this size"
        case errno.ENAMETOOLONG:
            mend = "choose a shorter name"
        case errno.EIO | errno.ESTALE:
            mend = "check the disk or the volume, then run it again"
        case _:
            mend = "choose another folder"
    return DiskFailed(f"{place} cannot be written: {error.strerror or error}", mend=mend)
