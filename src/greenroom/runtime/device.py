"""How much memory a device has: the host's for ``cpu``, the GPU's for ``cuda:0``."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from greenroom.machine.probes.resources import find_memory

CPU = "cpu"
_GPU = "cuda"


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
    """The memory of a device, None where nothing tells it. Imports torch for GPUs, and for nothing else."""
    if device == CPU:
        return host_memory()
    return _gpu_memory(device) if device.partition(":")[0] == _GPU else None


def host_memory(root: Path = Path("/")) -> Memory | None:
    """The host's memory, or less where a container may use less. root: of the file system that is asked."""
    found = find_memory(root)
    total = found.limit or found.total
    return None if total is None or found.available is None else Memory(found.available, total)


def _gpu_memory(device: str) -> Memory | None:
    if importlib.util.find_spec("torch") is None:
        return None
    torch = importlib.import_module("torch")
    if not torch.cuda.is_available():
        return None
    free, total = torch.cuda.mem_get_info(device)
    return Memory(int(free), int(total))
