"""Folders: whether they take files, and have room for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.findings import Finding
from greenroom.machine.facts.runpod import network_volume
from greenroom.recipes.sizes import readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.machine.host import Disk, Host, Purpose

# Where files are written in ordinary work. Weights and the environment may well lie where nobody may write.
_WRITTEN: tuple[Purpose, ...] = ("temp", "data", "artifacts")
_NO_ROOM = 100_000_000
_LITTLE_ROOM = 1_000_000_000
_FEW_INODES = 1_000
# A quarter of the least that is said of a network volume: 200 to 400 MB/s.
_SLOW = 50_000_000
_SKEW_S = 5.0

_MEND = {
    "temp": "set TMPDIR to a folder that takes files",
    "data": "set GREENROOM_DATA to a folder that takes files",
    "artifacts": "set GREENROOM_ARTIFACTS to a folder that takes files",
}


def takes_files(host: Host) -> Iterator[Finding]:
    """Files can be written where work writes them."""
    for disk in _written(host):
        if disk.read_only:
            yield Finding(
                "disk-read-only",
                "error",
                f"the folder for {disk.purpose} lies on a read-only file system ({disk.mount})",
                _MEND[disk.purpose],
                path=disk.path,
            )
        elif disk.writable is False:
            mine = disk.own and disk.exists
            yield Finding(
                "folder-rights" if mine else "folder-foreign",
                "error",
                f"the folder for {disk.purpose} {_refuses(disk)}",
                f"chmod u+rwx {disk.path}; greenroom doctor --fix does it" if mine else _MEND[disk.purpose],
                path=disk.path,
            )


def has_room(host: Host) -> Iterator[Finding]:
    """There is room for what work writes; said once for each file system."""
    said: set[str | None] = set()
    for disk in _written(host):
        if disk.free is None or disk.free >= _LITTLE_ROOM or disk.mount in said:
            continue
        said.add(disk.mount)
        full = disk.free < _NO_ROOM
        yield Finding(
            "disk-full" if full else "disk-low",
            "error" if full else "warning",
            f"{readable(disk.free)} are free for {disk.purpose} (file system {disk.mount or 'unknown'})",
            f"free some, or {_MEND[disk.purpose].replace('takes files', 'has room')}",
            path=disk.path,
        )


def has_inodes(host: Host) -> Iterator[Finding]:
    """The file system can hold more files, however small."""
    said: set[str | None] = set()
    for disk in (*_written(host), *filter(None, (host.disk("weights"),))):
        if disk.inodes_free is not None and disk.inodes_free < _FEW_INODES and disk.mount not in said:
            said.add(disk.mount)
            yield Finding(
                "inodes-few",
                "warning",
                f"the file system {disk.mount} can hold {disk.inodes_free} more files, whatever their size",
                "delete many small files, such as old environments and caches",
                path=disk.path,
            )


def keeps_jobs_safely(host: Host) -> Iterator[Finding]:
    """A SQLite file does not lie on a network file system, whose locks are not to be trusted."""
    disk = host.disk("data")
    if host.sqlite and disk is not None and disk.network:
        yield Finding(
            "data-on-network",
            "warning",
            f"jobs are kept in a SQLite file on a network file system ({disk.filesystem} at {disk.mount})",
            "set GREENROOM_DATA to a local disk, or GREENROOM_DATABASE to a PostgreSQL server",
            path=disk.path,
        )


def is_there(host: Host) -> Iterator[Finding]:
    """The folder of weights that a setting names is there."""
    disk = host.disk("weights-folder")
    if disk is not None and not disk.exists:
        yield Finding(
            "weights-folder-missing",
            "warning",
            f"GREENROOM_WEIGHTS names {disk.path}, and there is no such folder",
            "check the name; greenroom doctor --fix makes the folder",
            path=disk.path,
        )


def is_tidy(host: Host) -> Iterator[Finding]:
    """No half-written files were left by processes that were killed."""
    for disk in host.disks:
        for leftover in disk.leftovers:
            yield Finding(
                "leftover",
                "note",
                "a process that was killed left a half-written file",
                f"rm {leftover}; greenroom doctor --fix does it",
                path=leftover,
            )


def is_fast(host: Host) -> Iterator[Finding]:
    """What was measured is as fast as it should be."""
    for disk in host.disks:
        if disk.write_rate is not None and disk.write_rate < _SLOW:
            said = f"; {network_volume().value.speed} is said of network volumes" if disk.network else ""
            yield Finding(
                "disk-slow",
                "warning",
                f"{disk.path} takes {readable(round(disk.write_rate))}/s{said}",
                "choose another disk or data centre before fetching many bytes",
                path=disk.path,
            )


def agrees_on_the_time(host: Host) -> Iterator[Finding]:
    """The clock of a network file system is near ours."""
    for disk in host.disks:
        if disk.clock_skew_s is not None and abs(disk.clock_skew_s) > _SKEW_S:
            yield Finding(
                "clock-skew",
                "note",
                f"the clock of {disk.mount} is {abs(disk.clock_skew_s):.0f} s "
                f"{'ahead of' if disk.clock_skew_s > 0 else 'behind'} this machine's",
                "set the clock by NTP; times of files cannot be compared until then",
                path=disk.path,
            )


def _written(host: Host) -> Iterator[Disk]:
    return (disk for disk in host.disks if disk.purpose in _WRITTEN)


def _refuses(disk: Disk) -> str:
    return "may not be written by this user" if disk.exists else "is not there and cannot be made"
