"""A file beside its place while it comes: ``NAME.part`` and what is known of it, ``NAME.part.json``."""

from __future__ import annotations

import errno
import os
import threading
from typing import TYPE_CHECKING, Self

from greenroom.weights.transfer.disk import on_disk, reserve, sync_folder
from greenroom.weights.transfer.journal import remove_journal
from greenroom.weights.transfer.ranges import Ranges

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from greenroom.weights.transfer.journal import Journal


class Part:
    """Written by several threads at once, each byte by one of them and once. Its methods raise NoRoom and DiskFailed.

    size: of the whole file, None until it is known.
    """

    def __init__(self, into: Path) -> None:
        self.into = into
        self.path = into.with_name(f"{into.name}.part")
        self.journal_path = into.with_name(f"{into.name}.part.json")
        self.size: int | None = None
        self._present = Ranges()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        with on_disk(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666), "r+b", buffering=0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def done(self) -> int:
        """How many bytes are there."""
        with self._lock:
            return self._present.total

    @property
    def is_whole(self) -> bool:
        """Whether all bytes are there."""
        with self._lock:
            return self._present.total == self.size

    @property
    def prefix(self) -> int:
        """How many bytes are there from the beginning without a gap."""
        with self._lock:
            return self._present.prefix

    def ranges(self) -> tuple[tuple[int, int], ...]:
        """Those that are there."""
        with self._lock:
            return tuple(self._present.listed())

    def missing(self) -> list[tuple[int, int]]:
        """The gaps; the size must be known."""
        assert self.size is not None  # noqa: S101 - the caller has learned it
        with self._lock:
            return self._present.missing(self.size)

    def go_on(self, journal: Journal) -> bool:
        """Take what a journal says is there. False, and nothing taken, where the file is not the one it speaks of."""
        with on_disk(self.path):
            if os.fstat(self._file.fileno()).st_size != journal.size:
                return False
        with self._lock:
            self.size, self._present = journal.size, Ranges(journal.ranges)
        return True

    def begin_anew(self) -> None:
        """Forget all bytes. The journal goes first: what it claims must never lie beside another file's bytes."""
        with on_disk(self.path):
            remove_journal(self.journal_path)
            os.ftruncate(self._file.fileno(), 0)
        with self._lock:
            self.size, self._present = None, Ranges()

    def keep_beginning(self) -> None:
        """Forget how long the file is, and what lies behind its first gap."""
        with self._lock:
            self.size, self._present = None, Ranges([(0, self._present.prefix)])

    def miss_last_byte(self) -> None:
        """Take the last byte of a whole file as not there."""
        assert self.size  # noqa: S101 - it is whole
        with self._lock:
            self._present = Ranges([(0, self.size - 1)])

    def reserve(self, size: int) -> None:
        """Learn the file's size, and take the room for it on the disk."""
        reserve(self._file.fileno(), self.path, size)
        with self._lock:
            self.size = size

    def write(self, at: int, data: memoryview) -> None:
        """Write bytes that were not there."""
        end = at + len(data)
        with on_disk(self.path):
            put = at
            while put < end:
                put += os.pwrite(self._file.fileno(), data[put - at :], put)
        with self._lock:
            self._present.add(at, end)

    def read_into(self, buffer: memoryview, at: int) -> int:
        """Read bytes that are there."""
        with on_disk(self.path):
            count = os.preadv(self._file.fileno(), [buffer], at)
            if not count:
                raise OSError(errno.ESTALE, "it was cut short from outside")
            return count

    def sync(self) -> None:
        """Flush the bytes that are there to the disk."""
        with on_disk(self.path):
            os.fdatasync(self._file.fileno())

    def keep(self, journal: Journal) -> None:
        """Write down what is there. It must have been flushed."""
        with on_disk(self.journal_path):
            journal.write(self.journal_path)

    def remove(self) -> None:
        """Leave nothing."""
        with on_disk(self.path):
            remove_journal(self.journal_path)
            self.path.unlink(missing_ok=True)

    def publish(self) -> None:
        """Give the file its name. It must be right, and flushed."""
        with on_disk(self.into):
            self.path.replace(self.into)
            sync_folder(self.into.parent)
            remove_journal(self.journal_path)
