"""What a pull will do, known before a byte moves: which files are here, which come, and what must be agreed to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from greenroom.weights.transfer.source import shown

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from greenroom.findings import Finding
    from greenroom.recipes.recipe import Recipe
    from greenroom.weights.pulling.room import Room
    from greenroom.weights.pulling.slots import Slot
    from greenroom.weights.pulling.terms import UseTerms
    from greenroom.weights.store.expecting import Known
    from greenroom.weights.store.places import Found
    from greenroom.weights.store.records import Authority
    from greenroom.weights.transfer.source import Source

# verified: here, and its hash was compared.  unverified: here, and not yet.  absent: to be fetched, at least in part.
# installed: brought by a Python package.
State = Literal["verified", "unverified", "absent", "installed"]


@dataclass(frozen=True, slots=True)
class AskedUrl:
    """A file by its URL. sha256: of its bytes, if the user knows.  output: where to put it instead of into the store.

    mirrors: other URLs of the same bytes.
    """

    url: str
    sha256: str | None = None
    output: Path | None = None
    mirrors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be here. variant: of the models; None for their default ones."""

    models: tuple[str, ...] = ()
    variant: str | None = None
    urls: tuple[AskedUrl, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of it, as it may be shown."""
        return (*self.models, *(shown(asked.url) for asked in self.urls))


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file, as a plan shows it.

    name: ``owner/name/path`` or a URL.  revision: commit, tag or version; empty where there is none.  size: bytes, None
    where unknown.  partial: bytes that an earlier run left.  path: where it is or will be.  authority: of its hash.
    """

    name: str
    used_by: tuple[str, ...]
    revision: str
    state: State
    size: int | None
    partial: int
    path: Path
    authority: Authority | None

    @property
    def to_fetch(self) -> int:
        """Bytes that have yet to come, as far as they are known."""
        return max((self.size or 0) - self.partial, 0) if self.state == "absent" else 0


@dataclass(frozen=True, slots=True)
class Item:
    """One file with all that is needed to get it.

    recipe: the one that lists it.  known: its hash.  found: where it is.  source: where its bytes come from.
    slot: where they go, also for a file whose bytes are here and not yet under its name.  doubts: what is odd about it.
    """

    shown: PlannedFile
    recipe: Recipe | None = None
    known: Known | None = None
    found: Found | None = None
    source: Source | None = None
    slot: Slot | None = None
    doubts: tuple[Finding, ...] = ()


def coming(items: Iterable[Item]) -> dict[Path, list[Item]]:
    """What is to be fetched, by where its bytes go: a repository may have the same bytes under several names."""
    found: dict[Path, list[Item]] = {}
    for item in items:
        if item.shown.state == "absent" and item.slot is not None:
            found.setdefault(item.slot.into, []).append(item)
    return found


@dataclass(frozen=True, slots=True)
class Outline:
    """A plan without what only carrying it out needs; addresses and tokens are not in it. Sizes in bytes."""

    files: tuple[PlannedFile, ...]
    to_fetch: int
    here: int
    disks: tuple[Room, ...]
    terms: tuple[UseTerms, ...]
    notes: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done. terms: that must be agreed to.  notes: what is odd and does not stop it."""

    items: tuple[Item, ...]
    disks: tuple[Room, ...]
    terms: tuple[UseTerms, ...]
    notes: tuple[Finding, ...]

    @property
    def outline(self) -> Outline:
        """The plan as it is shown."""
        return Outline(self.files, self.bytes_to_fetch, self.bytes_here, self.disks, self.terms, self.notes)

    @property
    def files(self) -> tuple[PlannedFile, ...]:
        """The files as they are shown."""
        return tuple(item.shown for item in self.items)

    @property
    def bytes_to_fetch(self) -> int:
        """Bytes that have yet to come, as far as they are known."""
        return sum(items[0].shown.to_fetch for items in coming(self.items).values())

    @property
    def bytes_here(self) -> int:
        """Bytes that are here, those of unfinished files too."""
        begun = sum(items[0].shown.partial for items in coming(self.items).values())
        return begun + sum(file.size or 0 for file in self.files if file.state != "absent")

    @property
    def is_done(self) -> bool:
        """Whether everything is here and verified."""
        return all(item.shown.state in ("verified", "installed") and item.slot is None for item in self.items)
