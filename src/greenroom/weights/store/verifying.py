"""Weights that are here, compared with the hashes that they must have; no network is asked."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from greenroom.errors import OutputUnwritable
from greenroom.findings import Finding
from greenroom.recipes.catalogue import with_components
from greenroom.recipes.sizes import readable
from greenroom.weights.side_by_side import Job, side_by_side
from greenroom.weights.store.expecting import known_of, of_recipe
from greenroom.weights.store.hashing import hashes
from greenroom.weights.store.quarantine import quarantine
from greenroom.weights.store.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from greenroom.findings import Severity
    from greenroom.recipes.recipe import ModelFile, Recipe
    from greenroom.weights.side_by_side import Standing
    from greenroom.weights.store.inventory import Held
    from greenroom.weights.store.places import Places

# Hashing keeps a core busy, and reading a disk.
_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Verified:
    """What was compared. files, bytes: of all that was looked at, damaged or not.  seconds: that it took."""

    files: int
    bytes: int
    seconds: float
    findings: tuple[Finding, ...]


def verify(held: Sequence[Held], show: Callable[[Standing], None], when: str, *, fix: bool = False) -> Verified:
    """Read every file and compare its hash with what it must be; what is right is noted.

    when: UTC.  fix: put damaged files aside, where greenroom may; the store's lease must be held.
    """
    began = time.monotonic()
    jobs = [Job(one.name, "verifying", one.size, partial(_compare, one, when)) for one in held]
    found = [
        _fixed(one, finding) if fix else finding
        for one, finding in zip(held, side_by_side(jobs, show, at_once=_AT_ONCE), strict=True)
    ]
    findings = tuple(finding for finding in found if finding is not None)
    return Verified(len(held), sum(job.size or 0 for job in jobs), time.monotonic() - began, findings)


def look_quickly(held: Sequence[Held]) -> Verified:
    """Compare lengths, and whether files were written to since they were verified; their bytes are not read."""
    began = time.monotonic()
    findings = tuple(finding for one in held if (finding := _glance(one)) is not None)
    return Verified(len(held), sum(one.size for one in held), time.monotonic() - began, findings)


def missing(places: Places, models: Sequence[str]) -> tuple[Finding, ...]:
    """Models of which no variant is here as a whole. Raises UnknownName."""
    return tuple(
        Finding(
            "weights-missing",
            "error",
            f"{recipe.name} is not here as a whole: {', '.join(map(str, absent))} missing",
            f"greenroom pull {model}",
        )
        for model in models
        for recipe in with_components(model)
        if (absent := _absent(places, recipe))
    )


def _absent(places: Places, recipe: Recipe) -> list[ModelFile]:
    """The files that the likeliest variant lacks: the one of which most is here."""
    sets = [recipe.file_set(variant.name) for variant in recipe.variants] or [recipe.files]
    lacking = [
        [file for file in files if not (places.shards(file) if file.is_pattern else places.find(file))]
        for files in sets
    ]
    return min(lacking, key=len)


def _compare(held: Held, when: str, step: Callable[[int], None]) -> Finding | None:
    if (wrong := _length(held)) is not None:
        return wrong
    known, record = known_of(held.file, held.found), held.found.record
    algorithm = known.digest.algorithm if known else "sha256"
    try:
        has = hashes(held.found.path, "sha256", algorithm, step=step)
    except OSError as error:
        reason = error.strerror or str(error)
        return _finding(
            held, "weights-unreadable", "error", f"cannot be read: {reason}", "check its disk and its rights"
        )
    if known is not None and has[algorithm] != known.digest.value:
        said = f"has the hash {has[algorithm]}, and {known.words} is {known.digest.value}"
        if known.sure:
            if held.found.records is not None:
                with contextlib.suppress(OutputUnwritable):  # it is found all the same
                    held.found.records.doubt(held.found.path)
            return _finding(held, "weights-damaged", "error", said, _again(held))
        return _finding(
            held, "weights-recipe-doubtful", "warning", f"{said}, of which it is not sure", "compare it with its host's"
        )
    if held.found.records is not None:
        revision = record.revision if record else ""
        authority = known.authority if known else "none"
        noted = Record.of(held.found.path, has["sha256"], authority, held.name, revision, when)
        with contextlib.suppress(OutputUnwritable):  # it is right all the same
            held.found.records.keep(held.found.path, noted)
    if known is None:
        return _finding(
            held,
            "weights-hash-unknown",
            "note",
            f"has the hash {has['sha256']}, and nobody says which it must have",
            "compare it with what its host shows; from now on a change of it is found",
        )
    return None


def _glance(held: Held) -> Finding | None:
    if (wrong := _length(held)) is not None:
        return wrong
    record = held.found.record
    if record is None:
        return _finding(held, "weights-unverified", "note", "was never verified", "greenroom weights verify")
    if not record.fits(held.found.path):
        return _finding(
            held,
            "weights-changed",
            "warning",
            f"was written to since it was verified ({record.verified})",
            "greenroom weights verify",
        )
    stated = of_recipe(held.file) if held.file else None
    if stated is not None and stated.sure and stated.digest.value != record.sha256:
        return _finding(held, "weights-damaged", "error", "is another version than the recipe's", _again(held))
    return None


def _length(held: Held) -> Finding | None:
    size, record = held.file.size if held.file else None, held.found.record
    published = size.bytes if size and size.is_sure else record.size if record else None
    if published is None or held.size == published:
        return None
    said = f"has {readable(held.size)} ({held.size:,} bytes) where {published:,} bytes are published"
    return _finding(held, "weights-damaged", "error", said, _again(held))


def _again(held: Held) -> str:
    if held.found.store is None:
        return f"move it away, then greenroom pull {held.used_by[0]}" if held.used_by else "replace it"
    what = held.used_by[0] if held.used_by else held.name
    return f"greenroom pull {what}"


def _fixed(held: Held, finding: Finding | None) -> Finding | None:
    """A damaged file put aside: the finding then says so."""
    if finding is None or finding.code != "weights-damaged" or held.found.store is None:
        return finding
    try:
        aside = quarantine(held.found.path)
    except OSError as error:
        return replace(finding, message=f"{finding.message}; it cannot be put aside: {error.strerror or error}")
    return replace(finding, message=f"{finding.message}; it is kept as {aside.name}")


def _finding(held: Held, code: str, severity: Severity, said: str, mend: str) -> Finding:
    return Finding(code, severity, f"{held.name} {said}", mend, str(held.found.path))
