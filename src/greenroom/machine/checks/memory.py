"""Memory of the host, and the part of it that processes share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.findings import Finding
from greenroom.recipes.sizes import readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.machine.host import Host

# The embedded voice takes half of it.
_LITTLE = 1_000_000_000
# Ranks on several GPUs exchange messages through it; containers have 64 MiB unless told otherwise.
_SMALL_SHM = 2**30


def is_enough(host: Host) -> Iterator[Finding]:
    """There is memory left to work with."""
    memory = host.memory
    if memory.available is None or memory.available >= _LITTLE:
        return
    whose = f"the container's limit of {readable(memory.limit)}" if memory.limit else "this machine"
    yield Finding(
        "memory-low",
        "warning",
        f"{readable(memory.available)} of memory are left within {whose}",
        "stop other programs" + (", or start the container with a higher --memory" if memory.limit else ""),
    )


def is_shared(host: Host) -> Iterator[Finding]:
    """Several GPUs have room for what their processes tell each other."""
    shm = host.memory.shm
    if shm is not None and shm < _SMALL_SHM and len(host.usable_gpus()) > 1:
        yield Finding(
            "shm-small",
            "warning",
            f"shared memory is {readable(shm)}, and there are {len(host.usable_gpus())} GPUs whose processes share it",
            "start the container with --shm-size 8g, or --ipc host",
        )
