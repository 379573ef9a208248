"""What a plan counts on before any weights are there: the room of a device, and the networks as it computes."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from typing import TYPE_CHECKING

from greenroom.errors import ExtraMissing
from greenroom.models.seedvr2.planning.plan import Room
from greenroom.runtime.cuda import memory_grows, require_gpu
from greenroom.runtime.device import CPU, device_memory, is_host, members

if TYPE_CHECKING:
    from greenroom.models.seedvr2.planning.costs import Networks

_ANY_AMOUNT = 1 << 60
_FULL = 4  # bytes of a number


def require_device(device: str) -> None:
    """Refuse a device, or several that work together, that torch cannot compute on.

    Raises ExtraMissing, GangInvalid, TorchWithoutCuda, CudaUnavailable, DeviceAbsent, KernelMissing.
    """
    if importlib.util.find_spec("torch") is None:
        raise ExtraMissing("torch, which computes,", "models")
    for name in members(device):
        if name != CPU:
            require_gpu(name)


def room_of(device: str) -> Room:
    """Of a device; of several that work together, ``cuda:0+cuda:1``, what each has. Raises as ``require_device``."""
    require_device(device)
    found, host = device_memory(device), device_memory(CPU)
    free = _ANY_AMOUNT if found is None else found.free
    left = None if host is None else host.free
    if is_host(device):
        return Room(device, free // len(members(device)), left)
    import torch

    return Room(device, free, left, torch.cuda.get_device_name(members(device)[0]), grows=memory_grows())


def networks_on(device: str, networks: Networks) -> Networks:
    """Published networks as a device computes: a CPU in float32, where weights that stay small are as large as before.

    Of several devices each has all of the weights.
    """
    ranks = len(members(device))
    if not is_host(device) or networks.itemsize == _FULL:
        return replace(networks, ranks=ranks)
    more = _FULL // networks.itemsize
    transformer = networks.transformer * (1 if networks.small else more)
    return replace(networks, ranks=ranks, transformer=transformer, vae=networks.vae * more, itemsize=_FULL)
