"""The models that greenroom knows, by name: one TOML file each, read when asked for.

>>> recipe("f5tts-v1-base").title
'F5-TTS v1 Base'
"""

from __future__ import annotations

import functools
from importlib.resources import files
from typing import TYPE_CHECKING

from greenroom.errors import UnknownName, closest, quoted

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from greenroom.recipes.recipe import Recipe


class Catalogue:
    """A folder of recipes. Listing names reads none; asking for one reads that one."""

    def __init__(self, folder: Traversable) -> None:
        self._folder = folder
        self._read: dict[str, Recipe] = {}

    def names(self) -> tuple[str, ...]:
        """All names, sorted."""
        return tuple(sorted(file.name[:-5] for file in self._folder.iterdir() if file.name.endswith(".toml")))

    def recipe(self, name: str) -> Recipe:
        """The recipe called ``name``. Raises UnknownName, RecipeInvalid."""
        if name not in self._read:
            known = self.names()
            if name not in known:
                raise UnknownName("model", name, known)
            self._read[name] = self._checked(name, known)
        return self._read[name]

    def with_components(self, name: str) -> tuple[Recipe, ...]:
        """The recipe and all that it needs, each once, the recipe first. Raises UnknownName, RecipeInvalid."""
        found: dict[str, Recipe] = {}
        self._collect(name, (), found)
        return tuple(found.values())

    def recipes(self) -> tuple[Recipe, ...]:
        """All recipes by name, and that their components hold together. Raises RecipeInvalid."""
        return tuple(self.with_components(name)[0] for name in self.names())

    def _checked(self, name: str, known: tuple[str, ...]) -> Recipe:
        # Here, not above: pydantic takes longer to import than the names take to list.
        from greenroom.recipes.reading import RecipeInvalid, read_recipe

        file = self._folder / f"{name}.toml"
        recipe = read_recipe(file)
        for place, component in enumerate(recipe.components):
            if component not in known:
                meant = closest(component, known)
                mend = f"did you mean {meant}?" if meant else f"write {component}.toml beside it"
                message = f"{file}: components[{place}] is {quoted(component)}: there is no such recipe"
                raise RecipeInvalid(message, mend=mend)
        return recipe

    def _collect(self, name: str, above: tuple[str, ...], found: dict[str, Recipe]) -> None:
        if name in above:
            from greenroom.recipes.reading import RecipeInvalid

            circle = " needs ".join([*above[above.index(name) :], name])
            message = f"{self._folder / f'{above[-1]}.toml'}: components holds {quoted(name)}, and {circle}"
            raise RecipeInvalid(message, mend=f"take {name} out of the components of {above[-1]}")
        if name in found:
            return
        found[name] = recipe = self.recipe(name)
        for component in recipe.components:
            self._collect(component, (*above, name), found)


@functools.cache
def _packaged() -> Catalogue:
    return Catalogue(files("greenroom.recipes"))


def names() -> tuple[str, ...]:
    """The names of all recipes that come with greenroom, sorted; reads none of them."""
    return _packaged().names()


def recipe(name: str) -> Recipe:
    """One recipe. Raises UnknownName."""
    return _packaged().recipe(name)


def with_components(name: str) -> tuple[Recipe, ...]:
    """One recipe and all that it needs, each once, the recipe first. Raises UnknownName."""
    return _packaged().with_components(name)


def catalogue() -> tuple[Recipe, ...]:
    """All recipes, by name."""
    return _packaged().recipes()
