"""Folders and the file systems under them."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.machine.host import Disk
from greenroom.machine.probes.reading import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.machine.host import Purpose

# File systems whose files lie on other machines; all kinds of fuse do that but the local ones.
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "lustre", "gpfs", "beegfs", "glusterfs", "afs", "pvfs2"}
_LOCAL_FUSE = {"fuse.overlayfs", "fuse.fuse-overlayfs", "fuse.lxcfs", "fuseblk", "fuse.ntfs-3g", "fuse.mergerfs"}

# What ``greenroom.files`` writes beside its place; after a day nobody is still writing it.
_STAGED = re.compile(r"\.[0-9a-f]{12}\.part")
_STALE_S = 86_400
# What doctor may take for them: a folder of many results is not walked to its end.
_SEARCH_S = 0.3
_MOST_LEFTOVERS = 100

# Where the options stand in a line of /proc/self/mounts.
_OPTIONS = 3
_CHUNK = 8 * 2**20


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted file system."""

    point: str
    filesystem: str
    read_only: bool


def is_network(filesystem: str) -> bool:
    """Whether files of a file system lie on other machines."""
    return filesystem in _NETWORK or (filesystem.startswith("fuse") and filesystem not in _LOCAL_FUSE)


def mounts(root: Path) -> tuple[Mount, ...]:
    """What is mounted, in the order of mounting."""
    return parsed(text(root / "proc/self/mounts") or "")


def parsed(table: str) -> tuple[Mount, ...]:
    """The mounts in a table such as /proc/self/mounts; lines of another form are passed over."""
    rows = (line.split() for line in table.splitlines())
    return tuple(Mount(_unescaped(row[1]), row[2], "ro" in row[3].split(",")) for row in rows if len(row) > _OPTIONS)


def mount_of(path: str, known: tuple[Mount, ...]) -> Mount | None:
    """The mount that a resolved path lies on: the longest that leads to it, of equal ones the last."""
    leading = [mount for mount in known if path == mount.point or path.startswith(mount.point.rstrip("/") + "/")]
    return max(enumerate(leading), key=lambda numbered: (len(numbered[1].point), numbered[0]))[1] if leading else None


def find_disk(purpose: Purpose, folder: Path, known: tuple[Mount, ...]) -> Disk:
    """A folder and the file system under it. Nothing is made and nothing written."""
    there = _nearest(folder)
    mount = mount_of(str(there), known)
    found = Disk(
        purpose=purpose,
        path=str(folder),
        exists=_is_folder(folder),
        mount=mount.point if mount else None,
        filesystem=mount.filesystem if mount else None,
        network=is_network(mount.filesystem) if mount else None,
        read_only=mount.read_only if mount else None,
        writable=os.access(there, os.W_OK | os.X_OK) and not _is_obstructed(folder),
        leftovers=tuple(itertools.islice(_leftovers(folder), _MOST_LEFTOVERS)) if purpose == "data" else (),
    )
    with contextlib.suppress(OSError):
        found = replace(found, own=there.stat().st_uid == os.getuid())
    with contextlib.suppress(OSError):
        room = os.statvfs(there)
        found = replace(
            found,
            free=room.f_bavail * room.f_frsize,
            total=room.f_blocks * room.f_frsize,
            inodes_free=room.f_favail if room.f_files else None,
            inodes_total=room.f_files or None,
        )
    return found


def measured(disk: Disk, folder: Path, seconds: float = 0.2) -> Disk:
    """The same with the rate at which a file grows there and the clock of the file system.

    Writes for about ``seconds`` into a file that has no name or loses it at once. Each chunk is waited for until it is
    on the disk, so that no more is written than the disk takes in that time.
    """
    block = os.urandom(_CHUNK)  # some file systems make nothing of zeros
    try:
        with tempfile.TemporaryFile(dir=_nearest(folder)) as file:
            start, written = time.perf_counter(), 0
            while time.perf_counter() - start < seconds:
                written += os.write(file.fileno(), block)
                os.fdatasync(file.fileno())
            took = time.perf_counter() - start
            skew = os.fstat(file.fileno()).st_mtime - time.time()
    except OSError:
        return disk
    return replace(disk, write_rate=written / took, clock_skew_s=skew)


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest above it that is there; resolved, so that its mount can be told."""
    there = folder.absolute()
    while not _is_folder(there) and there != there.parent:
        there = there.parent
    return there.resolve()


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - where one may not look Path.is_dir raises, and this says no


def _is_obstructed(folder: Path) -> bool:
    """Whether something that is no folder stands in the path."""
    path = folder.absolute()
    return any(os.path.lexists(place) and not _is_folder(place) for place in (path, *path.parents))


def is_leftover(file: Path, now: float) -> bool:
    """Whether a file is one that a process began to write, and nobody wrote to for a day. now: seconds of the epoch."""
    try:
        return _STAGED.fullmatch(file.name) is not None and now - file.stat().st_mtime > _STALE_S
    except OSError:
        return False


def _leftovers(folder: Path) -> Iterator[str]:
    start, now = time.monotonic(), time.time()
    for place, _, names in os.walk(folder):
        if time.monotonic() - start > _SEARCH_S:
            return
        for name in filter(_STAGED.fullmatch, names):
            if is_leftover(Path(place, name), now):
                yield str(Path(place, name))


def _unescaped(point: str) -> str:
    r"""A mount point as it is: /proc writes a space as \040."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), point)
