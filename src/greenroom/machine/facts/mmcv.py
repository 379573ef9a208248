"""Which wheels of mmcv its makers built for Linux. greenroom needs none; build recipes of others do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from greenroom.machine.facts.fact import Fact, fact, part, strings, table
from greenroom.machine.versions import minor


@dataclass(frozen=True, slots=True)
class MmcvWheels:
    """The releases that were built for a torch minor and a CUDA (``12.1`` or ``cpu``)."""

    torch: str
    cuda: str
    versions: tuple[str, ...]


def official_wheels() -> Fact[tuple[MmcvWheels, ...]]:
    """All that were built."""
    return fact(table("mmcv")["official_wheels"], _rows)


def has_wheel(version: str, torch: str, cuda: str) -> Fact[bool]:
    """Whether a release was built for a torch release and a CUDA (``12.1`` or ``cpu``)."""
    known = official_wheels()
    fits = [row for row in known.value if row.torch == minor(torch) and row.cuda == cuda and version in row.versions]
    return part(known, bool(fits))


def rules() -> tuple[Fact[str], ...]:
    """What else is known, in sentences."""
    return tuple(fact(said, str) for said in table("mmcv")["rules"])


def _rows(value: Any) -> tuple[MmcvWheels, ...]:
    return tuple(MmcvWheels(row["torch"].removesuffix(".x"), row["cuda"], strings(row["mmcv"])) for row in value)
