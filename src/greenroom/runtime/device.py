"""How much memory a device has: the host's for ``cpu``, the GPU's for ``cuda:0``."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

CPU = "cpu"
_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of a device. free: what could be had now."""

    free: int
    total: int

    @property
    def used(self) -> int:
        """What is taken, by whomever."""
        return self.total - self.free


def device_memory(device: str) -> Memory | None:
    """The memory of a device, None where nothing tells it. Imports torch for GPUs."""
    return host_memory() if device == CPU else _gpu_memory(device)


def host_memory(meminfo: Path = _MEMINFO, cgroup: Path = _CGROUP) -> Memory | None:
    """The host's memory, or less where a container may use less."""
    try:
        lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines() if ":" in line)
        free, total = (int(lines[name].split()[0]) * 1024 for name in ("MemAvailable", "MemTotal"))
    except (OSError, KeyError, ValueError, IndexError):
        return None
    limit, used = (_number(cgroup / name) for name in ("memory.max", "memory.current"))
    if limit is None or limit >= total:
        return Memory(free, total)
    return Memory(min(free, max(0, limit - (used or 0))), limit)


def _gpu_memory(device: str) -> Memory | None:
    if importlib.util.find_spec("torch") is None:
        return None
    torch = importlib.import_module("torch")
    if not torch.cuda.is_available():
        return None
    free, total = torch.cuda.mem_get_info(device)
    return Memory(int(free), int(total))


def _number(file: Path) -> int | None:
    """The number in a file of the kernel's; None for ``max`` and where there is no such file."""
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None
