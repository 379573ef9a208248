"""What users must agree to before weights are fetched: asked once, and remembered in the store."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from greenroom.files import Publication
from greenroom.weights.pulling.errors import LicenceNotAccepted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from greenroom.recipes.recipe import Recipe
    from greenroom.weights.store.places import Store

# The others limit who may pass something on, which fetching does not.
_LIMIT_USE = frozenset({"non-commercial", "territory", "users", "output-use", "evaluation", "no-licence"})


@dataclass(frozen=True, slots=True)
class UseTerms:
    """What the licence of one recipe's weights keeps users from doing. restrictions: a sentence each."""

    recipe: str
    licence: str
    restrictions: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """Another one when a word of the terms changes: they are then asked for again."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def use_terms(recipes: Iterable[Recipe]) -> tuple[UseTerms, ...]:
    """The terms of those recipes that limit their users."""
    found: dict[str, UseTerms] = {}
    for recipe in recipes:
        sentences = tuple(said.text for said in recipe.all_restrictions if said.kind in _LIMIT_USE)
        licence = next(licence.words for licence in recipe.licences if licence.part == "weights")
        if sentences:
            found[recipe.name] = UseTerms(recipe.name, licence, sentences)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was agreed to. folder: one small file a recipe, which need not be there."""

    folder: Path

    def lacking(self, terms: Sequence[UseTerms]) -> tuple[UseTerms, ...]:
        """The terms that nobody has agreed to in these words."""
        return tuple(one for one in terms if self._noted(one) != one.fingerprint)

    def keep(self, terms: Sequence[UseTerms], when: str) -> None:
        """Note that terms were agreed to. when: UTC.  Raises OutputUnwritable."""
        for one in terms:
            said = {**asdict(one), "fingerprint": one.fingerprint, "accepted": when}
            with Publication(self.folder) as out:
                out.write(f"{one.recipe}.json", json.dumps(said, ensure_ascii=False, indent=1).encode())

    def _noted(self, terms: UseTerms) -> str | None:
        try:
            said = json.loads((self.folder / f"{terms.recipe}.json").read_text(encoding="utf-8"))
            return str(said["fingerprint"])
        except (OSError, ValueError, KeyError, TypeError):
            return None


def accepted_in(store: Store) -> Accepted:
    """What was agreed to in a store, by whichever machine."""
    return Accepted(store.own / "accepted")


def not_accepted(terms: Sequence[UseTerms]) -> LicenceNotAccepted:
    """What is said when nobody agreed to terms, and nobody is there to be asked."""
    listed = "; ".join(f"{one.recipe} ({one.licence}): {' '.join(one.restrictions)}" for one in terms)
    return LicenceNotAccepted(
        f"these terms are not accepted yet: {listed}",
        mend="if you accept them, add --accept-licence, or set GREENROOM_ACCEPT_LICENCE=1; it is asked once a store",
    )
