"""Which wheels of flash-attn there are. greenroom needs none; build recipes of others do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenroom.machine.facts.fact import Fact, fact, part, strings, table

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class WheelMatrix:
    """What wheels of a release were built for. torches: minors, such as ``2.8``.  cudas: tags, ``cu12`` or ``cu128``.

    abis: values of torch's ``_GLIBCXX_USE_CXX11_ABI``, empty where a wheel's name does not tell.
    """

    pythons: tuple[str, ...]
    torches: tuple[str, ...]
    cudas: tuple[str, ...]
    abis: tuple[str, ...] = ()


def official_wheels() -> Mapping[str, Fact[WheelMatrix]]:
    """By release, what its makers built."""
    rows = table("flash_attention")["official_wheels"]
    return {version: fact(said, _official) for version, said in rows.items()}


def community_wheels() -> Fact[Mapping[tuple[str, str], WheelMatrix]]:
    """By release and torch minor, what others built for Linux x86_64."""
    return fact(table("flash_attention")["community_wheels"], _community)


def on_index() -> Fact[tuple[str, ...]]:
    """The releases on the package index, all of them source alone."""
    return fact(table("flash_attention")["on_index"], strings)


def official_next() -> Fact[WheelMatrix]:
    """What the makers' main branch builds, with no release seen yet. cudas: versions."""
    return fact(
        table("flash_attention")["official_next"],
        lambda value: WheelMatrix(strings(value["python"]), strings(value["torch"]), strings(value["cuda"])),
    )


def wheel_for(version: str, torch: str, python: str) -> Fact[str] | None:
    """Who built a wheel for a torch minor and a Python minor, ``official`` or ``community``; None where nobody did."""
    made = official_wheels().get(version)
    if made is not None and torch in made.value.torches and python in made.value.pythons:
        return part(made, "official")
    others = community_wheels()
    row = others.value.get((version, torch))
    return part(others, "community") if row is not None and python in row.pythons else None


def rules() -> tuple[Fact[str], ...]:
    """What else is known, in sentences."""
    return tuple(fact(said, str) for said in table("flash_attention")["rules"])


def _official(value: Mapping[str, Any]) -> WheelMatrix:
    return WheelMatrix(*(strings(value[name]) for name in ("python", "torch", "cuda_tag", "cxx11abi")))


def _community(value: Mapping[str, Any]) -> Mapping[tuple[str, str], WheelMatrix]:
    return {
        (version, torch): WheelMatrix(strings(row["python"]), (torch,), strings(row["cuda"]))
        for version, rows in value.items()
        for torch, row in rows.items()
    }
