"""Recipe files into recipes: what is wrong in one is said with its file, key, value and mend."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError

from greenroom.errors import GreenroomError, closest, quoted
from greenroom.recipes.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.resources.abc import Traversable

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails


class RecipeInvalid(GreenroomError):
    """A recipe says what it may not, or does not say what it must."""

    code = "recipe-invalid"


def read_recipe(file: Traversable) -> Recipe:
    """The recipe that ``file`` (TOML, UTF-8, named as the recipe) holds. Raises RecipeInvalid."""
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or str(error)
        raise RecipeInvalid(f"{file} cannot be read: {reason}", mend="check the path and its rights") from error
    except UnicodeDecodeError as error:
        raise RecipeInvalid(f"{file} is not UTF-8: {error.reason}", mend="save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise RecipeInvalid(f"{file} is not TOML: {error}", mend="mend that line") from error
    try:
        recipe = Recipe.model_validate(said)
    except ValidationError as error:
        raise _worst_problem(file, error.errors(include_url=False)) from None
    stem = file.name.removesuffix(".toml")
    if recipe.name != stem:
        mend = f"rename the file to {recipe.name}.toml, or say name = {quoted(stem)}"
        raise RecipeInvalid(f"{file}: name is {quoted(recipe.name)}, and the file is {file.name}", mend=mend)
    return recipe


def _worst_problem(file: Traversable, problems: Sequence[ErrorDetails]) -> RecipeInvalid:
    # A misspelt key is also a missing one, and naming the misspelling is what helps.
    problem = next((found for found in problems if found["type"] == "extra_forbidden"), problems[0])
    key = _key(problem["loc"])
    holder, declared = _declared(problem["loc"])
    wanted = f": {declared.description}" if declared and declared.description else ""
    if problem["type"] == "missing":
        return RecipeInvalid(f"{file}: {key} is missing", mend=f"add {key}{wanted}")
    if problem["type"] == "extra_forbidden":
        known = list(holder.model_fields)
        meant = closest(str(problem["loc"][-1]), known)
        mend = f"{f'did you mean {meant}? ' if meant else ''}known: {', '.join(known)}"
        return RecipeInvalid(f"{file}: there is no key {key} (its value is {quoted(problem['input'])})", mend=mend)
    patterned = problem["type"] == "string_pattern_mismatch"
    reason = "it has another form" if patterned else problem["msg"].removeprefix("Value error, ")
    reason = reason[:1].lower() + reason[1:]
    if not key:
        return RecipeInvalid(f"{file}: {reason}", mend="see the recipes that come with greenroom")
    return RecipeInvalid(f"{file}: {key} is {quoted(problem['input'])}: {reason}", mend=f"give {key}{wanted}")


def _key(loc: tuple[int | str, ...]) -> str:
    """``files[0].digest.sha256``, the first of a list being 0."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")


def _declared(loc: tuple[int | str, ...]) -> tuple[type[BaseModel], FieldInfo | None]:
    """The type that holds the last key of ``loc``, and that key's declaration if it has one."""
    holder: type[BaseModel] = Recipe
    field: FieldInfo | None = None
    for name in (part for part in loc if isinstance(part, str)):
        holder = next(_models(field.annotation), holder) if field else holder
        field = holder.model_fields.get(name)
    return holder, field


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
