"""Room on disks: what is free where files go, and whether all of them fit before the first byte moves."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.errors import quoted
from greenroom.recipes.sizes import readable
from greenroom.weights.pulling.errors import DiskShort

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

# Left for whoever else writes to the disk meanwhile: a disk that is full to the last byte stops a machine.
MARGIN = 200_000_000


@dataclass(frozen=True, slots=True)
class Room:
    """A file system that files go to. place: the folder on it.  free: bytes.  needed: bytes of all of them."""

    place: Path
    free: int
    needed: int

    @property
    def left(self) -> int:
        """Bytes that are free afterwards; below zero when they do not fit."""
        return self.free - self.needed

    def require(self) -> None:
        """Raises DiskShort when it does not fit with a margin."""
        if self.needed and self.left < MARGIN:
            raise DiskShort(
                f"{readable(self.needed)} are to be fetched to {quoted(self.place)}, and its disk has "
                f"{readable(max(self.free, 0))} free; {readable(MARGIN)} stay as a margin",
                mend=f"free {readable(MARGIN - self.left)} there (greenroom weights prune lists what may go), "
                "or set HF_HOME to a folder on a larger disk",
            )


def rooms(
    files: Iterable[tuple[Path, int]], statvfs: Callable[[Path], os.statvfs_result] = os.statvfs
) -> tuple[Room, ...]:
    """The file systems of files that are to come. files: the folder of each, and the bytes that are yet to come."""
    found: dict[int, Room] = {}
    for place, needed in files:
        folder = _existing(place)
        device = folder.stat().st_dev
        known = found.get(device)
        if known is None:
            told = statvfs(folder)
            known = Room(place, told.f_bavail * told.f_frsize, 0)
        found[device] = Room(known.place, known.free, known.needed + needed)
    return tuple(found.values())


def _existing(folder: Path) -> Path:
    return next(above for above in (folder, *folder.parents) if above.is_dir())
