"""How much memory a device has for a plan to take, and whether a family can be computed on it at all."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from typing import Any

from greenroom.errors import ExtraMissing
from greenroom.runtime.cuda import GpuUnusable, memory_grows, require_gpu
from greenroom.runtime.device import CPU, device_memory, is_host, members
from greenroom.runtime.residency import MemoryShort, in_gigabytes

# SeedVR2's ways ran in 2.5 % more than their tensors take where torch's allocator grows its segments, and in up to 20 %
# more where it does not (benchmarks/results/seedvr2-least-h200.json); the sums of its plans are off by 2 %.
_SHARE, _SHARE_IN_PIECES = 0.94, 0.8
_LIBRARIES = 400_000_000  # kernels and workspaces of CUDA's libraries, which are loaded as they are needed
_SHARE_OF_HOST = 0.8
_ANY_AMOUNT = 1 << 60
_FIRST = 8  # of compute capability: Ampere


class HostMemoryShort(MemoryShort):
    """The device would do, and the host has too little for what waits there meanwhile."""

    def __init__(self, model: str, needs: int, device: str, has: int) -> None:
        super().__init__(model, needs, "the host", has)
        self.message = (
            f"{model} on {device} needs {in_gigabytes(needs)} of the host's memory for what does not fit into the"
            f" device's; {in_gigabytes(has)} are free"
        )
        self.args = (self.message,)
        self.mend = "end what else uses the host's memory, or take a device that has more of its own"


class BFloat16Missing(GpuUnusable):
    """The card does not compute in bfloat16."""

    code = "bfloat16-missing"


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes that may be taken.

    device: its name.  free: of it, the weights' included.  host: of the host, what waits there for this device's work
    included; None where unknown, and of a CPU, which is the host.

    gpu: the GPU's own name, empty for the CPU.  grows: torch's allocator grows its segments (``runtime.cuda``).
    """

    device: str
    free: int
    host: int | None = None
    gpu: str = ""
    grows: bool = True

    @property
    def for_tensors(self) -> int:
        """As many of the device as tensors may add up to."""
        if is_host(self.device):
            return int(self.free * _SHARE_OF_HOST)
        return int(max(0, self.free - _LIBRARIES) * (_SHARE if self.grows else _SHARE_IN_PIECES))

    @property
    def for_host(self) -> int | None:
        """As many of the host as a way may take, None for any amount."""
        return None if self.host is None else int(self.host * _SHARE_OF_HOST)

    def needed(self, tensors: int) -> int:
        """How much would have to be free for tensors of so many bytes."""
        if is_host(self.device):
            return int(tensors / _SHARE_OF_HOST)
        return int(tensors / (_SHARE if self.grows else _SHARE_IN_PIECES)) + _LIBRARIES


def host_needed(taken: int) -> int:
    """How much of the host would have to be free for so many bytes of it."""
    return int(taken / _SHARE_OF_HOST)


def require_device(device: str, who: str) -> None:
    """Refuse a device, or several that work together, that a family cannot be computed on.

    who: the family, for words.
    Raises ExtraMissing, GangInvalid, TorchWithoutCuda, CudaUnavailable, DeviceAbsent, KernelMissing, BFloat16Missing.
    """
    if importlib.util.find_spec("torch") is None:
        raise ExtraMissing("torch, which computes,", "models")
    for name in members(device):
        if name != CPU:
            require_gpu(name)
            require_bfloat16(name, who)


def require_bfloat16(device: str, who: str) -> None:
    """Refuse a GPU of before Ampere. device: ``cuda:0``.  who: for words. Raises BFloat16Missing.

    Such a card has no kernel of attention for bfloat16 but the one that writes every score down, which no plan counts;
    and in float16 nobody has seen the networks keep within its range.
    """
    torch = importlib.import_module("torch")
    major, minor = torch.cuda.get_device_capability(device)
    if torch.version.hip is None and major < _FIRST:
        raise BFloat16Missing(
            f"{torch.cuda.get_device_name(device)} (compute capability {major}.{minor}) does not compute in bfloat16,"
            f" which {who} takes on GPUs",
            mend="take a GPU of compute capability 8.0 or more (A100, A10, L4, RTX 30 and later), or --device cpu",
        )


def room_of(device: str, who: str) -> Room:
    """Of a device; of several that work together, ``cuda:0+cuda:1``, what each has. Raises as ``require_device``."""
    require_device(device, who)
    return room_beside(device)


def room_beside(device: str, weights: int = 0, held: int = 0) -> Room:
    """Of a device that is in use, of which a plan may also take what this process has there.

    weights: bytes of networks of each rank that are on a CPU; on a GPU torch tells.  held: bytes of the host that are
    kept for the device's next work.
    """
    found, host = device_memory(device), device_memory(CPU)
    free = _ANY_AMOUNT if found is None else found.free
    if is_host(device):
        return Room(device, free // len(members(device)) + weights)
    cuda: Any = importlib.import_module("torch").cuda
    first = members(device)[0]
    left = None if host is None else host.free + held
    free += int(cuda.memory_reserved(first))
    return Room(device, free, left, cuda.get_device_name(first), grows=memory_grows())


def pinned() -> int:
    """Bytes of the host that torch keeps pinned in this process, in use or not: what is pinned next is of these.

    0 where this release of torch does not tell.
    """
    cuda: Any = importlib.import_module("torch").cuda
    told = getattr(cuda, "host_memory_stats", None)
    return int(told().get("allocated_bytes.current", 0)) if told and cuda.is_initialized() else 0
