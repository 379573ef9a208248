"""What a branch stands for in the store, moved to a newer commit once that commit's files are here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.weights.pulling.slots import HubSlot
from greenroom.weights.store.hashing import hashes
from greenroom.weights.store.hub_layout import etag_of
from greenroom.weights.store.records import led_to

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from greenroom.weights.pulling.hub import Hub, HubFile, Listing
    from greenroom.weights.pulling.plan import Item
    from greenroom.weights.store.hub_layout import HubRepository
    from greenroom.weights.transfer.source import Algorithm


def name_commits(hub: Hub, items: Sequence[Item]) -> None:
    """Let the branches and tags of what was published stand for its commits. Raises OSError."""
    for slot in dict.fromkeys(item.slot for item in items if isinstance(item.slot, HubSlot)):
        listing = hub.listing(slot.repository.name, slot.revision)
        before = slot.repository.commit(slot.revision)
        if before != listing.commit:
            _carry_over(slot.repository, before, listing)
        slot.repository.point(slot.revision, listing.commit)


def _carry_over(repository: HubRepository, before: str, listing: Listing) -> None:
    """Name in a newer commit what did not change since an older one: other models of the repository need it too."""
    tree = repository.snapshot(before)
    for file in sorted(tree.rglob("*")):
        path = file.relative_to(tree).as_posix()
        entry = listing.files.get(path)
        named = repository.snapshot(listing.commit) / path
        if entry is None or entry.etag is None or not file.is_file() or named.exists():
            continue
        if etag_of(file) == entry.etag:
            repository.link(entry.etag, listing.commit, path)
        elif led_to(file) == file and _is(file, entry):  # on a file system without links the bytes move on
            named.parent.mkdir(parents=True, exist_ok=True)
            file.replace(named)


def _is(file: Path, entry: HubFile) -> bool:
    algorithm: Algorithm = "sha256" if entry.sha256 else "git-sha1"
    return hashes(file, algorithm, step=lambda _: None)[algorithm] == entry.etag
