"""What a plan counts on: the room of a device, and the networks as it computes, with weights there or without."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from greenroom.errors import ExtraMissing
from greenroom.models.seedvr2.planning.costs import vae_bytes
from greenroom.models.seedvr2.planning.plan import Room
from greenroom.runtime.cuda import GpuUnusable, memory_grows, require_gpu
from greenroom.runtime.device import CPU, device_memory, is_host, members

if TYPE_CHECKING:
    from greenroom.models.seedvr2.planning.costs import Networks

_ANY_AMOUNT = 1 << 60
_FULL = 4  # bytes of a number
_FIRST = 8  # of compute capability: Ampere


class BFloat16Missing(GpuUnusable):
    """The card does not compute in bfloat16."""

    code = "bfloat16-missing"


def require_device(device: str) -> None:
    """Refuse a device, or several that work together, that SeedVR2 cannot be computed on.

    Raises ExtraMissing, GangInvalid, TorchWithoutCuda, CudaUnavailable, DeviceAbsent, KernelMissing, BFloat16Missing.
    """
    if importlib.util.find_spec("torch") is None:
        raise ExtraMissing("torch, which computes,", "models")
    for name in members(device):
        if name != CPU:
            require_gpu(name)
            require_bfloat16(name)


def require_bfloat16(device: str) -> None:
    """Refuse a GPU of before Ampere. device: ``cuda:0``. Raises BFloat16Missing.

    Such a card has no kernel of attention for bfloat16 but the one that writes every score down, which no plan counts;
    and in float16 nobody has seen the networks keep within its range.
    """
    torch = importlib.import_module("torch")
    major, minor = torch.cuda.get_device_capability(device)
    if torch.version.hip is None and major < _FIRST:
        raise BFloat16Missing(
            f"{torch.cuda.get_device_name(device)} (compute capability {major}.{minor}) does not compute in bfloat16,"
            " which SeedVR2 takes on GPUs",
            mend="take a GPU of compute capability 8.0 or more (A100, A10, L4, RTX 30 and later), or --device cpu",
        )


def room_of(device: str) -> Room:
    """Of a device; of several that work together, ``cuda:0+cuda:1``, what each has. Raises as ``require_device``."""
    require_device(device)
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
    import torch

    first = members(device)[0]
    left = None if host is None else host.free + held
    free += torch.cuda.memory_reserved(first)
    return Room(device, free, left, torch.cuda.get_device_name(first), grows=memory_grows())


def pinned() -> int:
    """Bytes of the host that torch keeps pinned in this process, in use or not: what is pinned next is of these.

    0 where this release of torch does not tell.
    """
    cuda: Any = importlib.import_module("torch").cuda
    told = getattr(cuda, "host_memory_stats", None)
    return int(told().get("allocated_bytes.current", 0)) if told and cuda.is_initialized() else 0


def networks_on(device: str, networks: Networks) -> Networks:
    """Published networks as a device computes: a CPU in float32, where weights that stay small are as large as before.

    Of several devices each has all of the weights.
    """
    ranks = len(members(device))
    if not is_host(device) or networks.itemsize == _FULL:
        return replace(networks, ranks=ranks)
    more = _FULL // networks.itemsize
    transformer = networks.transformer * (1 if networks.small else more)
    return replace(networks, ranks=ranks, transformer=transformer, vae=vae_bytes(_FULL), itemsize=_FULL)
