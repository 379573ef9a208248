"""What users of a model must know of its licences, drawn from its recipe and those of its components."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.recipes.recipe import Recipe


def terms_of(recipes: Sequence[Recipe]) -> tuple[str, ...]:
    """In plain words, the most restricting first, a sentence each.

    recipes: the model's own, then its components', as ``with_components`` gives them.
    """
    limits = (f"{said.kind}: {said.text}" for recipe in recipes for said in recipe.all_restrictions)
    return (*dict.fromkeys(limits), f"licences: {_licences(recipes[0])}")


def notice_of(recipes: Sequence[Recipe]) -> str:
    """The same in a line."""
    known = recipes[0]
    limits = "; ".join(dict.fromkeys(said.short for recipe in recipes for said in recipe.all_restrictions))
    said = f"{limits} ({_licences(known)})" if limits else _licences(known)
    return f"{said}; see greenroom models {known.name}"


def _licences(known: Recipe) -> str:
    return ", ".join(f"{licence.part} {licence.words}" for licence in known.licences)
