"""Which devices serve models."""

from __future__ import annotations

from pathlib import Path

from greenroom.errors import UnknownName, quoted
from greenroom.runtime.device import CPU, DeviceTwice, members

_GPUS = Path("/proc/driver/nvidia/gpus")


def devices(said: str) -> tuple[str, ...]:
    """The devices of the setting: ``auto`` is every GPU that the driver knows, else the CPU.

    Each has a worker of its own; several with a plus between them, ``cuda:0+cuda:1``, have one together. Raises
    UnknownName, GangInvalid, DevicesMixed, and DeviceTwice for a GPU in two of them.
    """
    there = tuple(f"cuda:{number}" for number in range(len(list(_GPUS.glob("*")))))
    if said == "auto":
        return there or (CPU,)
    named = tuple(dict.fromkeys("".join(name.split()) for name in said.split(",") if name.strip()))
    taken: set[str] = set()
    for device in named:
        for name in members(device):
            if name not in (*there, CPU):
                raise UnknownName("device", name, (*there, CPU))
            if name != CPU and name in taken:
                raise DeviceTwice(f"{name} is in two of the devices {quoted(said)}", mend="name each GPU once")
        taken.update(members(device))
    return named or there or (CPU,)
