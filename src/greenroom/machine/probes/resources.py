"""Memory, processors, and what the system and the container allow of them."""

from __future__ import annotations

import contextlib
import os
import resource
from typing import TYPE_CHECKING

from greenroom.machine.host import Limits, Memory
from greenroom.machine.probes.cgroups import find_cgroup
from greenroom.machine.probes.reading import assignments

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def find_memory(root: Path) -> Memory:
    """Memory of the host, or of the container where that has less."""
    lines = assignments(root / "proc/meminfo", ":")
    total, available, swap = (_kibibytes(lines.get(name)) for name in ("MemTotal", "MemAvailable", "SwapFree"))
    group = find_cgroup(root)
    limit = group.memory if group.memory is not None and (total is None or group.memory < total) else None
    if limit is not None:
        left = max(0, limit - (group.memory_used or 0))
        available = left if available is None else min(left, available)
    return Memory(total, available, limit, swap, _shm(root))


def find_limits(root: Path, environ: Mapping[str, str]) -> Limits:
    """What this process may use."""
    group = find_cgroup(root)
    open_files, open_files_hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return Limits(
        cpus=_cpus(),
        cpu_quota=group.cpus,
        open_files=_bounded(open_files),
        open_files_hard=_bounded(open_files_hard),
        processes=_bounded(resource.getrlimit(resource.RLIMIT_NPROC)[0]),
        address_space=_bounded(resource.getrlimit(resource.RLIMIT_AS)[0]),
        file_size=_bounded(resource.getrlimit(resource.RLIMIT_FSIZE)[0]),
        pids_free=None if group.pids is None else max(0, group.pids - (group.pids_used or 0)),
        threads=environ.get("OMP_NUM_THREADS"),
    )


def _cpus() -> int | None:
    """The processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _shm(root: Path) -> int | None:
    with contextlib.suppress(OSError):
        room = os.statvfs(root / "dev/shm")
        return room.f_blocks * room.f_frsize
    return None


def _bounded(limit: int) -> int | None:
    return None if limit == resource.RLIM_INFINITY else limit


def _kibibytes(said: str | None) -> int | None:
    """Bytes of ``24683656 kB``."""
    count = (said or "").split()
    return int(count[0]) * 1024 if count and count[0].isdecimal() else None
