"""The places where weights may lie, and the one that pull writes to."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.weights.store.hub_layout import HubRepository
from greenroom.weights.store.installed import installed
from greenroom.weights.store.records import Records
from greenroom.weights.store.url_layout import UrlFiles, github_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from greenroom.recipes.recipe import ModelFile
    from greenroom.settings import Settings
    from greenroom.weights.store.records import Record

# Where RunPod keeps the models that an endpoint names.
RUNPOD_CACHE = Path("/runpod-volume/huggingface-cache/hub")

# Shards say in their names how many there are: model-00001-of-00006.safetensors.
_NUMBERED = re.compile(r"-\d+-of-(\d+)\.[^.]+$")


@dataclass(frozen=True, slots=True)
class Store:
    """A cache of the model hub, and beside it what is greenroom's own. cache: the folder with ``models--...`` in it."""

    cache: Path

    @property
    def own(self) -> Path:
        """What the hub's client knows nothing of: files of other hosts, the lease, accepted licences.

        The cache itself is no place for it, since ``hf cache`` warns of what it does not know. Where the cache has a
        name of its own, its parent may be another disk, or the root of this one; then a warning is the lesser evil.
        """
        return self.cache.parent / "greenroom" if self.cache.name == "hub" else self.cache / "greenroom"

    @property
    def lease(self) -> Path:
        """The lease of whoever writes to the store, on whichever machine."""
        return self.own / "lease"

    @property
    def urls(self) -> UrlFiles:
        """Files of plain URLs."""
        return UrlFiles(self.own / "urls")

    def repository(self, name: str) -> HubRepository:
        """A repository of the model hub, which need not be here. name: ``owner/name``."""
        return HubRepository(self.cache, name)


@dataclass(frozen=True, slots=True)
class Found:
    """A file that is here. path: as readers open it.  records: where its hash may be noted.  store: None for a folder
    or a package, which greenroom does not write to.
    """

    path: Path
    records: Records | None
    store: Store | None

    @property
    def record(self) -> Record | None:
        """What was noted of it when it was verified; whether it still fits is another question."""
        return self.records.of(self.path) if self.records else None

    @property
    def is_verified(self) -> bool:
        """Whether it was verified, and not written to since."""
        return (record := self.record) is not None and record.fits(self.path)


@dataclass(frozen=True, slots=True)
class Places:
    """Where to look. folder: holds ``owner/name/path``; None for none.  caches: of the model hub, in order; what is
    fetched goes to the first.
    """

    folder: Path | None
    caches: tuple[Path, ...]

    @classmethod
    def of(cls, settings: Settings, environ: Mapping[str, str] = os.environ, *, runpod: Path = RUNPOD_CACHE) -> Places:
        """The places that settings name, and RunPod's, which is also written to where nobody named another."""
        named = settings.hf_hub_cache or (settings.hf_home / "hub" if settings.hf_home else None)
        if named is None and os.access(runpod, os.W_OK):
            return cls(settings.weights, (runpod, _usual_cache(environ)))
        return cls(settings.weights, (named or _usual_cache(environ), runpod))

    @property
    def stores(self) -> tuple[Store, ...]:
        """The caches with what lies beside them; the first is the one that is written to."""
        return tuple(Store(cache) for cache in self.caches)

    def find(self, file: ModelFile) -> Path | None:
        """The file, if it is in one of the places; nothing is fetched."""
        return next((found.path for found in self.look(file)), None)

    def look(self, file: ModelFile) -> Iterator[Found]:
        """Every place that has the file, in the order in which they are asked."""
        if self.folder is not None and (own := self.folder / file.repository / file.path).is_file():
            yield Found(own, Records(self.folder), None)
        if file.host == "pypi":
            if (carried := installed(file.path)) is not None:
                yield Found(carried, None, None)
            return
        for store in self.stores:
            path, records = _in_store(file, store)
            if path is not None:
                yield Found(path, records, store)

    def shards(self, file: ModelFile) -> tuple[Found, ...]:
        """The files that fit a pattern, from the first place that has any."""
        if self.folder is not None:
            own = sorted(path for path in (self.folder / file.repository).glob(file.path) if path.is_file())
            if own:
                return tuple(Found(path, Records(self.folder), None) for path in own)
        for store in self.stores:
            repository = store.repository(file.repository)
            if matching := repository.matching(file.path, file.revision):
                return tuple(Found(path, Records(repository.folder), store) for path in matching)
        return ()


def shard_counts(found: Sequence[Found]) -> set[int]:
    """How many shards there are, by what each says in its name; 0 where it says nothing."""
    return {int(named[1]) if (named := _NUMBERED.search(one.path.name)) else 0 for one in found}


def _in_store(file: ModelFile, store: Store) -> tuple[Path | None, Records]:
    if file.host == "github":
        return store.urls.find(github_url(file)), store.urls.records
    repository = store.repository(file.repository)
    digest = file.digest.sha256 if file.digest and file.digest.source != "unverified" else None
    try:
        return repository.find(file.path, file.revision, digest), Records(repository.folder)
    except PermissionError:  # the home folder of another user: for this one nothing is there
        return None, Records(repository.folder)


def _usual_cache(environ: Mapping[str, str]) -> Path:
    """Where the hub's client keeps files when nothing is set."""
    above = environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(above).expanduser() / "huggingface" / "hub"
