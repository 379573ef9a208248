"""Devices by their names, and how much memory they have: the host's for ``cpu``, the GPU's for ``cuda:0``.

Several that do one thing together, a gang, are named with a plus: ``cuda:0+cuda:1``.
"""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from greenroom.errors import InputInvalid, quoted
from greenroom.machine.probes.resources import find_memory

CPU = "cpu"
_GPU = "cuda"
_AND = "+"


class GangInvalid(InputInvalid):
    """Devices that cannot work together. Base of the kinds below."""

    code = "gang-invalid"


class DeviceTwice(GangInvalid):
    """A GPU is named more than once: each rank needs one of its own."""

    code = "device-twice"


class DevicesMixed(GangInvalid):
    """Devices of several kinds are named together."""

    code = "devices-mixed"


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of a device. free: what could be had now."""

    free: int
    total: int

    @property
    def used(self) -> int:
        """What is taken, by whomever."""
        return self.total - self.free


def members(device: str) -> tuple[str, ...]:
    """The devices of a gang, by rank; of any other device itself. Raises GangInvalid, DeviceTwice, DevicesMixed.

    ``cpu+cpu`` are two ranks of one host, for tests: they are no faster than one.
    """
    named = tuple(name.strip() for name in device.split(_AND))
    if len(named) == 1:
        return named
    if not all(named):
        raise GangInvalid(f"{quoted(device)} names no device beside a plus", mend="write it as cuda:0+cuda:1")
    kinds = sorted({name.partition(":")[0] for name in named})
    if len(kinds) > 1:
        raise DevicesMixed(
            f"{' and '.join(kinds)} do not work together in {quoted(device)}", mend="name devices of one kind"
        )
    twice = next((name for name in named if name != CPU and named.count(name) > 1), None)
    if twice is not None:
        raise DeviceTwice(f"{quoted(device)} names {twice} more than once", mend="name each GPU once")
    return named


def is_host(device: str) -> bool:
    """Whether a device, or each of a gang, is the host itself, so that nothing is gained by moving to the host."""
    return all(name == CPU for name in device.split(_AND))


def device_memory(device: str) -> Memory | None:
    """The memory of a device, None where nothing tells it; of a gang that of the rank which has the least free.

    Imports torch for GPUs, and for nothing else.
    """
    if is_host(device):
        return host_memory()
    if device.partition(":")[0] != _GPU:
        return None
    found = [_gpu_memory(name) for name in members(device)]
    known = [memory for memory in found if memory is not None]
    return min(known, key=lambda memory: memory.free) if len(known) == len(found) else None


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
