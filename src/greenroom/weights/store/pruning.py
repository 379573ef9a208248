"""What may be deleted from the store: leftovers of the repositories of our recipes, and whatever was named."""

from __future__ import annotations

import contextlib
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from greenroom.errors import UnknownName
from greenroom.files import writing_to
from greenroom.recipes.catalogue import catalogue, names
from greenroom.weights.store.hub_layout import HubRepository, is_etag
from greenroom.weights.store.inventory import held_by_models, held_by_url
from greenroom.weights.store.quarantine import ENDING
from greenroom.weights.store.records import FOLDER, Records, led_to
from greenroom.weights.store.unfinished import allocated
from greenroom.weights.transfer.source import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence, Set
    from pathlib import Path

    from greenroom.recipes.recipe import ModelFile, Recipe
    from greenroom.weights.store.inventory import Held
    from greenroom.weights.store.places import Places, Store

# unfinished: a download that was not gone on with.  damaged: put aside.  hub-unfinished: left by the hub's client.
# old-commit: no branch stands for it any more.  unreferenced: bytes that no commit names.  named: by the user.
Kind = Literal["unfinished", "damaged", "hub-unfinished", "old-commit", "unreferenced", "named"]

# A journal stands beside the file that is coming, and alone where a process was killed at the very end.
_JOURNAL = (".json", ".json.new")
_ALONE = tuple(f".part{ending}" for ending in _JOURNAL)

# The hub's client writes to a file all the time while it fetches, and names its bytes in a commit soon afterwards.
_STALE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Removable:
    """Something that may go. name: for people.  paths: links before what they lead to.  size: bytes that it frees."""

    kind: Kind
    name: str
    paths: tuple[Path, ...]
    size: int


def leftovers(places: Places) -> tuple[Removable, ...]:
    """What nobody needs any more in the store that is written to."""
    store = places.stores[0]
    held = held_by_models(places)
    needed = {path for one in held for path in (one.found.path, led_to(one.found.path))}
    listed = [file for recipe in catalogue() for file in _files_of(recipe)]
    pinned = {file.revision for file in listed if file.revision}
    ours = {file.repository for file in listed}
    found: list[Removable] = []
    for repository in HubRepository.all(store.cache):
        if repository.name in ours or (repository.folder / FOLDER).is_dir():
            for part in ("blobs", "snapshots", "refs", FOLDER):
                for folder in _folders(repository.folder / part):
                    found += _unfinished(repository.name, folder)
            found += _unnamed(repository, needed, pinned)
    for folder in _folders(store.urls.base):
        found += _unfinished(folder.relative_to(store.urls.base).as_posix(), folder)
    found += _unfinished("accepted", store.own / "accepted")
    return tuple(found)


def named(places: Places, asked: Sequence[str]) -> tuple[Removable, ...]:
    """What a user wants to be rid of: models, without what other recipes list too; whole repositories; files by URL.

    Raises UnknownName.
    """
    return tuple(_named(places, places.stores[0], name) for name in asked)


def prune(store: Store, removable: Sequence[Removable]) -> int:
    """Delete; gives the bytes that were freed. The store's lease must be held. Raises OutputUnwritable."""
    for path in (path for one in removable for path in one.paths):
        with writing_to(path):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    for repository in HubRepository.all(store.cache):
        if any(repository.folder in path.parents for one in removable for path in one.paths):
            _tidy(repository)
    _forget(store.urls.records)
    return sum(one.size for one in removable)


def _unfinished(name: str, folder: Path) -> Iterator[Removable]:
    """Files in a folder that are not what they were to become."""
    for file in sorted(folder.glob("*")):
        shown = f"{name}/{file.name}"
        if file.name.endswith(ENDING):
            yield Removable("damaged", shown, (file,), allocated(file))
        elif file.name.endswith(".part"):
            journals = tuple(file.with_name(f"{file.name}{ending}") for ending in _JOURNAL)
            yield Removable("unfinished", shown, (*journals, file), allocated(file))
        elif file.name.endswith(_ALONE) and not file.with_name(f"{file.name.rpartition('.part')[0]}.part").exists():
            yield Removable("unfinished", shown, (file,), allocated(file))
        elif file.name.endswith(".incomplete") and _is_stale(file):
            yield Removable("hub-unfinished", shown, (file,), allocated(file))


def _unnamed(repository: HubRepository, needed: Set[Path], pinned: Set[str]) -> Iterator[Removable]:
    """Commits that no branch stands for, and bytes that no commit names."""
    named, records = set(repository.refs().values()), Records(repository.folder)
    trees = {commit: repository.files(commit) for commit in repository.commits()}
    # Without a branch nobody can say which commits are old, and other tools may need those that they fetched by number.
    fetched = {record.revision for file, _ in records.all() if (record := records.of(file)) is not None}
    old = [
        commit
        for commit, files in trees.items()
        if named and commit in fetched - named - pinned and needed.isdisjoint(files)
    ]
    kept = {led_to(file) for commit, files in trees.items() if commit not in old for file in files} | needed
    gone: set[Path] = set()
    for commit in old:
        real = {led_to(file) for file in trees[commit]} - kept - gone
        gone |= real
        tree = repository.snapshot(commit)
        paths = (tree, *sorted(file for file in real if tree not in file.parents))
        yield Removable("old-commit", f"{repository.name} @ {commit[:12]}", paths, sum(map(allocated, real)))
    for blob in sorted((repository.folder / "blobs").glob("*")):
        if is_etag(blob.name) and blob not in kept | gone and _is_stale(blob):
            yield Removable("unreferenced", f"{repository.name}/{blob.name}", (blob,), allocated(blob))


def _named(places: Places, store: Store, name: str) -> Removable:
    if name in names():
        own = [one for one in held_by_models(places) if one.used_by == (name,) and one.found.store == store]
        return _together(name, store, own)
    if "://" in name:
        # A query is known by its hash alone; as ``weights list`` shows the URL, it stands for all that it may be.
        by_url = [one.found.path for one in held_by_url(places) if one.found.store == store and one.name == name]
        files = tuple(by_url) or ((place,) if (place := store.urls.find(name)) else ())
        if files:
            return Removable("named", shown(name), files, sum(map(allocated, files)))
    repositories = {repository.name: repository for repository in HubRepository.all(store.cache)}
    if name not in repositories:
        given = shown(name) if "://" in name else name
        raise UnknownName("model, repository or URL in the store", given, [*names(), *repositories])
    folder = repositories[name].folder
    return Removable(
        "named", name, (folder,), sum(allocated(file) for file in folder.rglob("*") if not file.is_symlink())
    )


def _is_stale(file: Path) -> bool:
    """Whether nobody has written to a file for long."""
    return time.time() - file.stat().st_mtime > _STALE_S


def _together(name: str, store: Store, held: Sequence[Held]) -> Removable:
    """All files of a model, with every name that their bytes have."""
    real = {led_to(one.found.path) for one in held}
    links = [
        file
        for repository in HubRepository.all(store.cache)
        for commit in repository.commits()
        for file in repository.files(commit)
        if led_to(file) in real
    ]
    return Removable("named", name, (*links, *sorted(real)), sum(map(allocated, real)))


def _folders(top: Path) -> Iterator[Path]:
    yield top
    yield from sorted(path for path in top.rglob("*") if path.is_dir())


def _files_of(recipe: Recipe) -> Iterator[ModelFile]:
    yield from recipe.files
    for variant in recipe.variants:
        yield from variant.files


def _tidy(repository: HubRepository) -> None:
    """Leave no branch without its commit, no record without its file, no folder without anything in it."""
    for folder in sorted((repository.folder / "snapshots").rglob("*"), reverse=True):
        if folder.is_dir() and not folder.is_symlink():
            with contextlib.suppress(OSError):  # it holds something
                folder.rmdir()
    for name, commit in repository.refs().items():
        if not repository.snapshot(commit).is_dir():
            (repository.folder / "refs" / name).unlink(missing_ok=True)
    _forget(Records(repository.folder))
    if not repository.commits() and not any((repository.folder / "blobs").glob("*")):
        shutil.rmtree(repository.folder, ignore_errors=True)


def _forget(records: Records) -> None:
    for file, record in records.all():
        if not file.exists():
            record.unlink(missing_ok=True)
