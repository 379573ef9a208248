"""What a container may use: control groups, version 1 and 2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.machine.probes.reading import assignments, number, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Version 1 writes "no limit" as the largest multiple of a page.
_UNLIMITED = 2**62


@dataclass(frozen=True, slots=True)
class Cgroup:
    """The tightest bounds on this process; None is none. cpus: at full time.

    memory and memory_used: bytes, without pages of files, which the kernel drops for whoever needs memory.
    """

    memory: int | None = None
    memory_used: int | None = None
    cpus: float | None = None
    pids: int | None = None
    pids_used: int | None = None


def find_cgroup(root: Path) -> Cgroup:
    """The bounds by all groups that this process is in, up to the root of their hierarchy."""
    memory = [
        (limit, _used(group))
        for group in _groups(root, "memory")
        if (limit := _number(group, "memory.max", "memory.limit_in_bytes")) is not None and limit < _UNLIMITED
    ]
    pids = [
        (limit, number(group / "pids.current"))
        for group in _groups(root, "pids")
        if (limit := number(group / "pids.max")) is not None
    ]
    quotas = [quota for group in _groups(root, "cpu") if (quota := _quota(group)) is not None]
    tightest, most = min(memory, default=(None, None)), min(pids, default=(None, None))
    return Cgroup(tightest[0], tightest[1], min(quotas, default=None), most[0], most[1])


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's group of a controller and of those above it, the nearest first."""
    base = root / "sys/fs/cgroup"
    for line in (text(root / "proc/self/cgroup") or "").splitlines():
        number_, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number_ == "0" and not controllers:
            hierarchy = base
        elif controller in controllers.split(","):
            hierarchy = next((base / name for name in (controllers, controller) if (base / name).is_dir()), base)
        else:
            continue
        inner = hierarchy / path.strip("/")
        # In a container the path is the host's, and what is mounted begins at the container's own group.
        inner = inner if inner.is_dir() else hierarchy
        yield inner
        while inner != hierarchy:
            inner = inner.parent
            yield inner


def _used(group: Path) -> int | None:
    used = _number(group, "memory.current", "memory.usage_in_bytes")
    if used is None:
        return None
    counts = assignments(group / "memory.stat", " ")
    # In version 1 the plain numbers leave out the groups below.
    prefix = "total_" if "total_active_file" in counts else ""
    files = [counts.get(f"{prefix}{state}_file", "") for state in ("active", "inactive")]
    return max(0, used - sum(int(count) for count in files if count.isdecimal()))


def _number(group: Path, *names: str) -> int | None:
    return next((found for name in names if (found := number(group / name)) is not None), None)


def _quota(group: Path) -> float | None:
    """CPUs at full time: microseconds of a period."""
    said = (text(group / "cpu.max") or "").split()
    if not said:
        said = [text(group / f"cpu.cfs_{name}_us") or "" for name in ("quota", "period")]
    if not all(part.isdecimal() and int(part) for part in said):  # "max", or -1
        return None
    quota, period = map(int, said)
    return quota / period
