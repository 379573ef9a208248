"""All weights that are on this machine: the files of models, files by URL, and what no recipe knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.recipes.catalogue import catalogue
from greenroom.weights.store.hub_layout import HubRepository
from greenroom.weights.store.places import Found
from greenroom.weights.store.records import BESIDE, FOLDER, led_to

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from greenroom.recipes.recipe import ModelFile, Recipe
    from greenroom.weights.store.places import Places, Store


@dataclass(frozen=True, slots=True)
class Held:
    """A file that is here. name: ``owner/name/path`` or a URL.  used_by: recipes that list it.  found: where it is.

    file: what the recipe says of it; None for a file by URL.
    """

    name: str
    used_by: tuple[str, ...]
    found: Found
    file: ModelFile | None

    @property
    def size(self) -> int:
        """Bytes."""
        return self.found.path.stat().st_size


def held_by_models(places: Places, models: Iterable[str] | None = None) -> tuple[Held, ...]:
    """The files of recipes that are here, in every place that has them.

    models: the recipes; None for all. A file that several of them list is there once.
    """
    asked = None if models is None else set(models)
    listed = _listed(recipe for recipe in catalogue() if asked is None or recipe.name in asked)
    held = []
    for file, users in listed.values():
        for found in places.shards(file) if file.is_pattern else places.look(file):
            name = f"{file.repository}/{found.path.name}" if file.is_pattern else str(file)
            held.append(Held(name, users, found, None if file.is_pattern else file))
    return tuple(held)


def held_by_url(places: Places, known: Iterable[Held] = ()) -> tuple[Held, ...]:
    """The files by URL that are here, but for those in ``known``."""
    taken = {led_to(held.found.path) for held in known}
    return tuple(
        Held(_origin(store, file), (), Found(file, store.urls.records, store), None)
        for store in places.stores
        for file in _files(store.urls.base)
        if file not in taken and FOLDER not in file.relative_to(store.urls.base).parts
    )


@dataclass(frozen=True, slots=True)
class Unknown:
    """What a repository in a cache holds beside the files of our recipes. files: how many.  size: their bytes."""

    repository: str
    files: int
    size: int
    path: Path


def unknown(places: Places, known: Iterable[Held]) -> tuple[Unknown, ...]:
    """What others have put into the caches, by repository."""
    ours = {led_to(held.found.path) for held in known}
    found = []
    for store in places.stores:
        for repository in HubRepository.all(store.cache):
            named = {led_to(file) for file in _files(repository.folder / "snapshots")} - ours
            sizes = [file.stat().st_size for file in named if file.is_file()]
            if sizes:
                found.append(Unknown(repository.name, len(sizes), sum(sizes), repository.folder))
    return tuple(found)


def _listed(recipes: Iterable[Recipe]) -> dict[tuple[str | None, ...], tuple[ModelFile, tuple[str, ...]]]:
    listed: dict[tuple[str | None, ...], tuple[ModelFile, tuple[str, ...]]] = {}
    for recipe in recipes:
        for file in (*recipe.files, *(file for variant in recipe.variants for file in variant.files)):
            key = (file.host, file.repository, file.revision, file.path)
            _, users = listed.get(key, (file, ()))
            listed[key] = (file, users if recipe.name in users else (*users, recipe.name))
    return listed


def _files(folder: Path) -> Iterator[Path]:
    """The files below a folder that are files of weights, in order; none where it is not there."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not file.name.endswith(BESIDE):
            yield file


def _origin(store: Store, file: Path) -> str:
    record = store.urls.records.of(file)
    return record.origin if record else file.relative_to(store.urls.base).as_posix()
