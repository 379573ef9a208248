"""RunPod: its GPUs, its interface, its volumes, its limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenroom.machine.facts.fact import Fact, fact, part, table

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class RunPodGpu:
    """A GPU by the id that the interface takes. memory_gb: as advertised.  capability: ``8.9``, or ``gfx942``."""

    id: str
    memory_gb: Fact[int]
    capability: Fact[str]


@dataclass(frozen=True, slots=True)
class NetworkVolume:
    """Where a volume is mounted, and what is said of its speed."""

    serverless: str
    pod: str
    speed: str


def gpus() -> tuple[RunPodGpu, ...]:
    """All GPUs that can be rented."""
    return tuple(
        RunPodGpu(said["id"], fact(said["vram_gb"], int), fact(said["compute_capability"], str))
        for said in table("runpod")["gpus"]
    )


def gpu(name: str) -> RunPodGpu | None:
    """A GPU by its id, which is also what its driver calls it."""
    return next((known for known in gpus() if known.id == name), None)


def pool(name: str) -> Fact[tuple[str, ...]] | None:
    """The GPUs of a pool such as ``ADA_24``; None for pools that the table does not know."""
    known = fact(table("runpod")["pools"], dict)
    return part(known, tuple(known.value[name])) if name in known.value else None


def network_volume() -> Fact[NetworkVolume]:
    """Where network volumes are mounted."""
    return fact(table("runpod")["network_volume"], _volume)


def rest_api() -> Fact[Mapping[str, str]]:
    """base: the interface to write for.  v1_retired: the day on which the one before it ended."""
    return fact(table("runpod")["rest_api"], dict)


def github_build_limits() -> Fact[Mapping[str, int]]:
    """docker_build_minutes, total_minutes, image_gb."""
    return fact(table("runpod")["github_build_limits"], dict)


def _volume(value: Mapping[str, Any]) -> NetworkVolume:
    return NetworkVolume(value["mount_serverless"], value["mount_pod_default"], value["speed"])
