"""Releases of torch: for which Pythons and CUDAs there are builds, on Linux x86_64."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.machine.facts.fact import Fact, by_name, fact, strings, table
from greenroom.machine.versions import release

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class TorchRelease:
    """One release.

    pythons: minors with a wheel.  default_cuda: the CUDA that the ordinary index brings, such as ``12.8``, and
    default_pins the packages with it.  variants: tags of all builds (``cpu``, ``cu128``), None where nobody listed
    them.  partners: releases of torchvision and torchaudio that were made for it.
    """

    version: str
    pythons: Fact[tuple[str, ...]]
    default_cuda: Fact[str]
    default_pins: Fact[dict[str, str]]
    variants: Fact[tuple[str, ...] | None]
    partners: Fact[dict[str, str]] | None


@functools.cache
def releases() -> tuple[TorchRelease, ...]:
    """All releases that the table knows, the newest first."""
    known = (_release(version, facts) for version, facts in table("torch")["releases"].items())
    return tuple(sorted(known, key=lambda known: release(known.version), reverse=True))


def torch_release(version: str) -> TorchRelease | None:
    """The release of a version such as ``2.8.0+cu128``; None where the table does not know it."""
    return next((known for known in releases() if release(known.version) == release(version)), None)


def nonexistent() -> Fact[tuple[str, ...]]:
    """Versions that recipes ask for and that were never made."""
    return fact(table("torch")["nonexistent"], strings)


def ended() -> Fact[dict[str, str]]:
    """By tag of a CUDA, the first release that has no build for it any more."""
    return fact(table("torch")["ended"], by_name)


def has_variant(version: str, tag: str) -> Fact[bool] | None:
    """Whether a release was built for a CUDA (``cu128``); None where nobody listed its builds."""
    gone = ended()
    if tag in gone.value and release(version) >= release(gone.value[tag]):
        return Fact(value=False, verified=gone.verified, sources=gone.sources, note=gone.note)
    known = torch_release(version)
    if known is None or known.variants.value is None:
        return None
    listed = known.variants
    return Fact(tag in known.variants.value, listed.verified, listed.sources, listed.note)


def wheel_index() -> Fact[str]:
    """The address below which each tag has an index of its own."""
    return fact(table("torch")["wheel_index"], str)


def oldest_glibc() -> Fact[str]:
    """The oldest glibc that the wheels run on."""
    return fact(table("torch")["oldest_glibc"], str)


def libc() -> Fact[str]:
    """The one C library that the wheels are made for."""
    return fact(table("torch")["libc"], str)


def _release(version: str, facts: Mapping[str, Mapping[str, object]]) -> TorchRelease:
    return TorchRelease(
        version=version,
        pythons=fact(facts["python_wheels"], strings),
        default_cuda=fact(facts["index_default_cuda"], str),
        default_pins=fact(facts["index_default_pins"], by_name),
        variants=fact(facts["cuda_variants"], lambda value: None if value is None else strings(value)),
        partners=fact(facts["pairs"], by_name) if "pairs" in facts else None,
    )
