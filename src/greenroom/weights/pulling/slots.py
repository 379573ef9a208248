"""Where a file goes once it is right: a commit of the hub's cache, a URL's place in the store, a path of the user's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from greenroom.weights.store.records import Record, Records

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.weights.store.hub_layout import HubRepository
    from greenroom.weights.store.records import Authority
    from greenroom.weights.store.url_layout import UrlFiles


class Slot(Protocol):
    """A place for one file."""

    @property
    def into(self) -> Path:
        """Where its bytes are put, all at once."""
        ...

    @property
    def named(self) -> Path:
        """What readers open once it is published."""
        ...

    def publish(self, sha256: str, authority: Authority, when: str) -> Path:
        """Give verified bytes their name and note their hash; gives the path that readers open. Raises OSError."""
        ...


@dataclass(frozen=True, slots=True)
class HubSlot:
    """A file of a commit. etag: the name of its bytes.  path: in the repository.  revision: what was asked for."""

    repository: HubRepository
    etag: str
    commit: str
    path: str
    revision: str | None

    @property
    def into(self) -> Path:
        """The blob."""
        return self.repository.blob(self.etag)

    @property
    def named(self) -> Path:
        """Its path in the commit's tree."""
        return self.repository.snapshot(self.commit) / self.path

    def publish(self, sha256: str, authority: Authority, when: str) -> Path:
        """Name the blob in the commit's tree."""
        named = self.repository.link(self.etag, self.commit, self.path)
        origin = f"{self.repository.name}/{self.path}"
        record = Record.of(named, sha256, authority, origin, self.commit, when)
        Records(self.repository.folder).keep(named, record)
        return named


@dataclass(frozen=True, slots=True)
class UrlSlot:
    """A file of a URL, in the store. origin: the URL as it may be kept."""

    files: UrlFiles
    url: str
    origin: str

    @property
    def into(self) -> Path:
        """Its place."""
        return self.files.place(self.url)

    @property
    def named(self) -> Path:
        """The same: it needs no other name."""
        return self.into

    def publish(self, sha256: str, authority: Authority, when: str) -> Path:
        """Note it; its place is its name."""
        self.files.records.keep(self.into, Record.of(self.into, sha256, authority, self.origin, "", when))
        return self.into


@dataclass(frozen=True, slots=True)
class PathSlot:
    """A path that the user named; greenroom keeps no record there."""

    into: Path

    @property
    def named(self) -> Path:
        """The same: it needs no other name."""
        return self.into

    def publish(self, sha256: str, authority: Authority, when: str) -> Path:
        """Nothing is left to do."""
        return self.into
