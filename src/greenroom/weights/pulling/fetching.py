"""The files of a plan that are not here, fetched side by side."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from greenroom.weights.pulling.plan import coming
from greenroom.weights.pulling.pulled import PulledFile
from greenroom.weights.side_by_side import Job, side_by_side
from greenroom.weights.store.writing import now, writing_store
from greenroom.weights.transfer.fetch import fetch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from greenroom.weights.pulling.plan import Item
    from greenroom.weights.side_by_side import Standing
    from greenroom.weights.store.places import Store
    from greenroom.weights.transfer.patience import Patience
    from greenroom.weights.transfer.source import Source

# Connections at once: so many files, over so many each. More are refused by some hosts, and win nothing where the disk
# or the line is the limit.
FILES = 3
STREAMS = 4
# How often whoever fetches looks whether the store is still theirs: one that slept must not write beside its follower.
_CHECK_S = 5.0


@dataclass(frozen=True, slots=True)
class Means:
    """What every fetch needs. check: raises when the store is another's by now.  patience: None for the usual one."""

    store: Store
    check: Callable[[], None]
    patience: Patience | None = None


def fetch_files(items: Sequence[Item], show: Callable[[Standing], None], means: Means) -> dict[Path, PulledFile]:
    """Fetch what is absent, small files first; each is verified and has its name when it is done. Gives them by path.

    Raises TransferError, StoreUnwritable, LeaseLost. The first failure ends all; what has arrived is gone on from.
    """
    jobs = [
        Job(same[0].shown.name, "fetching", same[0].shown.size, partial(_fetch, same[0].source, into, same, means))
        for into, same in coming(items).items()
        if same[0].source
    ]
    # Small ones tell soonest that a token or a name is wrong. Of those without a size nobody knows how long they take.
    jobs.sort(key=lambda job: (job.size is None, job.size or 0))
    return {file.path: file for files in side_by_side(jobs, show, at_once=FILES) for file in files}


def _fetch(
    source: Source, into: Path, same: Sequence[Item], means: Means, step: Callable[[int], None]
) -> list[PulledFile]:
    """Fetch bytes once, and give them every name that they are to have."""
    step = checking_too(step, means.check)
    files: list[PulledFile] = []
    for item in same:
        came = (0, 0)
        # On a file system without links the name before this one has taken the bytes away.
        if not files or not into.is_file():
            got = fetch(source, into, step=step, patience=means.patience, streams=STREAMS, check=means.check)
            came = (got.size - got.resumed_bytes, got.resumed_bytes)
        authority = item.known.authority if item.known else "none"
        if item.slot is not None:
            with writing_store(means.store):
                item.slot.publish(got.sha256, authority, now())
        files.append(PulledFile(item.shown.name, item.shown.path, got.size, got.sha256, authority, *came))
    return files


def checking_too(
    step: Callable[[int], None], check: Callable[[], None], every: float = _CHECK_S
) -> Callable[[int], None]:
    """A step that also checks, so many seconds after the last time."""
    checked = time.monotonic()

    def checked_step(done: int) -> None:
        nonlocal checked
        if time.monotonic() - checked >= every:
            check()
            checked = time.monotonic()
        step(done)

    return checked_step
