"""What a pull has brought about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.findings import Finding
    from greenroom.weights.pulling.terms import UseTerms
    from greenroom.weights.store.records import Authority


@dataclass(frozen=True, slots=True)
class PulledFile:
    """A file that is here and verified.

    sha256: None for a file of a package.  authority: who had said the hash.  fetched, resumed: bytes that came now, and
    bytes of an earlier run that were gone on from.
    """

    name: str
    path: Path
    size: int
    sha256: str | None
    authority: Authority | None
    fetched: int
    resumed: int


@dataclass(frozen=True, slots=True)
class Pulled:
    """What is here now. fetched, resumed: bytes of all files.  seconds: that it took.  store: the cache written to.

    terms: that limit the use of what came.
    """

    models: tuple[str, ...]
    files: tuple[PulledFile, ...]
    fetched: int
    resumed: int
    seconds: float
    store: Path
    findings: tuple[Finding, ...]
    terms: tuple[UseTerms, ...]
