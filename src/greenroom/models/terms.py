"""What users of a model must know of its licences, drawn from its recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenroom.recipes.recipe import Recipe


def terms_of(known: Recipe) -> tuple[str, ...]:
    """In plain words, the most restricting first."""
    return (*(f"{said.kind}: {said.text}" for said in known.all_restrictions), f"licences: {_licences(known)}")


def notice_of(known: Recipe) -> str:
    """The same in a line."""
    limits = "; ".join(said.short for said in known.all_restrictions)
    said = f"{limits} ({_licences(known)})" if limits else _licences(known)
    return f"{said}; see greenroom models {known.name}"


def _licences(known: Recipe) -> str:
    return ", ".join(f"{licence.part} {licence.words}" for licence in known.licences)
