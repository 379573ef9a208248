"""The files that models need, each once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.errors import InputInvalid
from greenroom.recipes.catalogue import with_components

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from greenroom.recipes.recipe import ModelFile, Recipe


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that a recipe lists. used_by: the models that were asked for and need it."""

    file: ModelFile
    recipe: Recipe
    used_by: tuple[str, ...]


def wanted(models: Sequence[str], variant: str | None = None) -> tuple[Wanted, ...]:
    """The files of models and of their components. variant: of the models themselves; None for their default ones.

    Raises UnknownName, InputInvalid for a variant of a model that has none.
    """
    found: dict[tuple[object, ...], Wanted] = {}
    for model in models:
        for recipe, file in _files(model, variant):
            key = (file.host, file.repository, file.revision, file.path)
            known = found.get(key)
            users = (*known.used_by, model) if known and model not in known.used_by else (model,)
            found[key] = Wanted(file, known.recipe if known else recipe, users)
    return tuple(found.values())


def _files(model: str, variant: str | None) -> Iterator[tuple[Recipe, ModelFile]]:
    for recipe in with_components(model):
        asked = variant if recipe.name == model else None
        if asked is not None and not recipe.variants:
            raise InputInvalid(f"{model} has no variants, and --variant {asked} is given", mend="leave out --variant")
        for file in recipe.file_set(asked):
            yield recipe, file
