"""What a server and all processes below it use: CPU seconds and memory, as Linux counts them."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


@dataclass(frozen=True)
class Memory:
    """Megabytes (of 10^6 bytes). pss: pages that processes share are counted in parts, so that a sum is right."""

    rss_mb: float
    pss_mb: float
    processes: int


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (stat := _stat(int(entry.name))) is not None:
            children.setdefault(int(stat[1]), []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += children.get(one, [])
    return found


def cpu_s(pids: list[int]) -> float:
    """Seconds of CPU, user and system, that processes have used since their start."""
    stats = [stat for pid in pids if (stat := _stat(pid)) is not None]
    return sum(int(stat[11]) + int(stat[12]) for stat in stats) / _TICKS


def memory(pids: list[int]) -> Memory:
    """The memory of some processes together."""
    rss = pss = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
                name, *said = line.split()
                rss += int(said[0]) if name == "Rss:" else 0
                pss += int(said[0]) if name == "Pss:" else 0
    return Memory(round(rss * 1024 / 1e6, 1), round(pss * 1024 / 1e6, 1), len(pids))


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat behind the name, which may hold spaces; None when the process is gone."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
