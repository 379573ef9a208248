"""Files that are here and were never verified, or not since they were written to: hashed where they lie."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from greenroom.errors import FileUnreadable, OutputUnwritable, quoted
from greenroom.findings import Finding
from greenroom.weights.pulling.planner import own_file_damaged
from greenroom.weights.pulling.pulled import PulledFile
from greenroom.weights.side_by_side import Job, side_by_side
from greenroom.weights.store.hashing import hashes
from greenroom.weights.store.quarantine import quarantine
from greenroom.weights.store.records import Record
from greenroom.weights.store.writing import now, writing_store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from greenroom.weights.pulling.plan import Item
    from greenroom.weights.side_by_side import Standing
    from greenroom.weights.store.expecting import Known
    from greenroom.weights.store.places import Found
    from greenroom.weights.store.records import Authority

# Hashing keeps a core busy, and reading a disk.
_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found out. files: that are right, by path.  damaged: those that are not, as they were found."""

    files: Mapping[Path, PulledFile]
    damaged: frozenset[Path]
    findings: tuple[Finding, ...]


def check_files(items: Sequence[Item], show: Callable[[Standing], None]) -> Checked:
    """Hash what is here unverified, and give right bytes the name that they lack. Damaged files are put aside.

    Raises OwnFileDamaged for a damaged file that is not greenroom's to put aside; FileUnreadable, StoreUnwritable.
    """
    todo = [
        (item, item.found)
        for item in items
        if item.found and (item.shown.state == "unverified" or (item.shown.state == "verified" and item.slot))
    ]
    jobs = [Job(item.shown.name, "checking", item.shown.size, partial(_look, item, found)) for item, found in todo]
    files: dict[Path, PulledFile] = {}
    damaged: set[Path] = set()
    findings: list[Finding] = []
    for (item, found), seen in zip(todo, side_by_side(jobs, show, at_once=_AT_ONCE), strict=True):
        if seen.wrong and seen.sure:
            findings.append(_put_aside(item, found, seen.wrong))
            damaged.add(found.path)
            continue
        if seen.wrong:
            findings.append(_doubt(item, seen.wrong))
        files[item.shown.path] = _keep(item, found, seen)
    return Checked(files, frozenset(damaged), tuple(findings))


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file that was read. authority: who said its hash.  wrong: why it is not right; sure: and that is certain."""

    sha256: str
    authority: Authority
    wrong: str = ""
    sure: bool = True


def _look(item: Item, found: Found, step: Callable[[int], None]) -> _Seen:
    record, known = found.record, item.known
    if item.shown.state == "verified" and record is not None:
        return _Seen(record.sha256, record.authority)
    algorithm = known.digest.algorithm if known else "sha256"
    try:
        has = hashes(found.path, "sha256", algorithm, step=step)
    except OSError as error:
        reason = error.strerror or error
        raise FileUnreadable(f"{quoted(found.path)} cannot be read: {reason}", mend="check its disk") from error
    if known is None:
        return _Seen(has["sha256"], "none")
    if has[algorithm] == known.digest.value:
        return _Seen(has["sha256"], known.authority)
    return _Seen(has["sha256"], "none", _difference(known, has[algorithm]), known.sure)


def _difference(known: Known, has: str) -> str:
    kind = "SHA-256" if known.digest.algorithm == "sha256" else "git hash"
    return f"its {kind} is {has}, and {known.words} is {known.digest.value}"


def _keep(item: Item, found: Found, seen: _Seen) -> PulledFile:
    path = found.path
    if item.slot is not None and found.store is not None:
        with writing_store(found.store):
            path = item.slot.publish(seen.sha256, seen.authority, now())
    elif found.records is not None:
        record = Record.of(path, seen.sha256, seen.authority, item.shown.name, item.shown.revision, now())
        # In a place that may only be read, it is hashed again the next time.
        with contextlib.suppress(OutputUnwritable):
            found.records.keep(path, record)
    return PulledFile(item.shown.name, path, item.shown.size or 0, seen.sha256, seen.authority, 0, 0)


def _put_aside(item: Item, found: Found, wrong: str) -> Finding:
    if found.store is None:
        raise own_file_damaged(found.path, item.shown.name, wrong)
    kept = ""
    # A place that may only be read keeps its damaged file; another place is then asked before it.
    with contextlib.suppress(OSError):
        kept = f"; it is kept as {quarantine(found.path).name}"
    return Finding(
        "weights-damaged",
        "warning",
        f"{item.shown.name} was damaged: {wrong}{kept}",
        "nothing needs to be done: it is fetched again",
        str(found.path),
    )


def _doubt(item: Item, wrong: str) -> Finding:
    return Finding(
        "weights-recipe-doubtful",
        "warning",
        f"{item.shown.name}: {wrong}, of which the recipe is not sure",
        "compare it with the hash that its host shows",
    )
