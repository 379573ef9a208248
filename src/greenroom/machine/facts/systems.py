"""Operating systems: the Python that each brings, and whether pip may write into it."""

from __future__ import annotations

from dataclasses import dataclass

from greenroom.machine.facts.fact import Fact, fact, table


@dataclass(frozen=True, slots=True)
class System:
    """One release. externally_managed: marked by PEP 668, so that pip installs into virtual environments alone."""

    os: str
    release: str
    python: Fact[str] | None
    externally_managed: Fact[bool]


def systems() -> tuple[System, ...]:
    """All releases that the table knows."""
    return tuple(
        System(
            said["os"],
            said["release"],
            fact(said["python"], str) if "python" in said else None,
            fact(said["externally_managed"], bool),
        )
        for said in table("systems")["systems"]
    )


def system(os: str, release: str) -> System | None:
    """One release by its name, such as ``ubuntu`` ``24.04``."""
    return next((known for known in systems() if (known.os, known.release) == (os, release)), None)
