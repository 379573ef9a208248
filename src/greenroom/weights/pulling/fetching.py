"""The files of a plan that are not here, fetched side by side."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from greenroom.weights.pulling.pulled import PulledFile
from greenroom.weights.side_by_side import Job, side_by_side
from greenroom.weights.store.writing import now, writing_store
from greenroom.weights.transfer.fetch import fetch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from greenroom.weights.pulling.plan import Item
    from greenroom.weights.pulling.slots import Slot
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


def fetch_files(items: Sequence[Item], show: Callable[[Standing], None], means: Means) -> dict[str, PulledFile]:
    """Fetch what is absent, small files first; each is verified and has its name when it is done. Gives them by name.

    Raises TransferError, StoreUnwritable, LeaseLost. The first failure ends all; what has arrived is gone on from.
    """
    coming = [item for item in items if item.shown.state == "absent"]
    # Small ones tell soonest that a token or a name is wrong. Of those without a size nobody knows how long they take.
    coming.sort(key=lambda item: (item.shown.size is None, item.shown.size or 0))
    jobs = [
        Job(item.shown.name, "fetching", item.shown.size, partial(_fetch, item, item.source, item.slot, means))
        for item in coming
        if item.source and item.slot
    ]
    return {file.name: file for file in side_by_side(jobs, show, at_once=FILES)}


def _fetch(item: Item, source: Source, slot: Slot, means: Means, step: Callable[[int], None]) -> PulledFile:
    step = checking_too(step, means.check)
    got = fetch(source, slot.into, step=step, patience=means.patience, streams=STREAMS, check=means.check)
    authority = item.known.authority if item.known else "none"
    with writing_store(means.store):
        path = slot.publish(got.sha256, authority, now())
    return PulledFile(
        item.shown.name, path, got.size, got.sha256, authority, got.size - got.resumed_bytes, got.resumed_bytes
    )


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
