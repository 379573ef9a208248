"""Which NVIDIA driver runs which CUDA, on Linux."""

from __future__ import annotations

import functools

from greenroom.machine.facts.fact import Fact, by_name, fact, part, table
from greenroom.machine.versions import minor, release


def oldest_driver(cuda: str) -> Fact[str] | None:
    """The oldest driver on which programs of this CUDA run (minor version compatibility); None for unknown majors.

    cuda: ``12.8``; what counts is its major. Code that the driver has yet to compile may need a newer one.
    """
    floors = fact(table("drivers")["minor_version_floor"], by_name)
    floor = floors.value.get(f"{release(cuda)[0]}.x")
    return None if floor is None else part(floors, floor)


@functools.cache
def toolkit_driver(cuda: str) -> Fact[str] | None:
    """The driver that came with the first toolkit of this CUDA, for which nothing of it is too new. None: unknown."""
    shipped = fact(table("drivers")["toolkit_driver_linux"], by_name)
    of_minor = [driver for toolkit, driver in shipped.value.items() if minor(toolkit) == minor(cuda)]
    return part(shipped, min(of_minor, key=release)) if of_minor else None


def forward_compatibility() -> Fact[str]:
    """When a CUDA runs on a driver that is older than its major."""
    return fact(table("drivers")["forward_compatibility"], str)
