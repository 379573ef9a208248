"""What a pod costs, by the catalogue's list prices and the platform's price of storage.

The catalogue has no price of disks. Source of theirs: the platform's page on pricing of pods.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenroom.ship.endpoints.spending import MONTH_H

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenroom.ship.runpod.types import CpuType, GpuType, Pod

# Dollars for a GB and a month: a container's disk and storage on the host while a pod runs, and the latter while it is
# stopped, when the former is wiped and free.
_RUNNING = 0.10
_STOPPED = 0.20


@dataclass(frozen=True, slots=True)
class Cost:
    """Dollars an hour. A network volume is paid for by itself, with or without pods."""

    running: float
    stopped: float


def cost_of(values: Mapping[str, Any], gpus: tuple[GpuType, ...], cpus: tuple[CpuType, ...]) -> Cost | None:
    """Of a pod with these values; None where nobody says a price."""
    compute = _of_gpus(values, gpus) if "gpu" in values else _of_cpus(values["cpu"], cpus)
    if compute is None:
        return None
    persistent = int(((values.get("mounts") or {}).get("persistent") or {}).get("size", 0))
    disks = (int(values.get("disk") or 0) + persistent) * _RUNNING / MONTH_H
    return Cost(compute + disks, _kept(persistent))


def now_of(pod: Pod) -> float:
    """What a pod costs now: what the platform says, and the storage that is paid for while it is stopped."""
    if pod.cost > 0 or pod.mounts.persistent is None:
        return pod.cost
    return _kept(pod.mounts.persistent.size)


def _kept(persistent: int) -> float:
    return persistent * _STOPPED / MONTH_H


def _of_gpus(values: Mapping[str, Any], gpus: tuple[GpuType, ...]) -> float | None:
    gpu = next((known for known in gpus if known.id == values["gpu"].get("id")), None)
    if gpu is None:
        return None
    price = gpu.price.community if values.get("cloud") == "COMMUNITY" else gpu.price.secure
    return price * int(values["gpu"].get("count", 1)) or None


def _of_cpus(cpu: Mapping[str, Any], cpus: tuple[CpuType, ...]) -> float | None:
    known = next((known for known in cpus if known.id == cpu.get("id")), None)
    rate = None if known is None else known.price.secure_per_vcpu
    return None if rate is None else rate * int(cpu["vcpuCount"])
