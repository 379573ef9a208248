"""Models of the catalogue: which files each is made of, where they are, and what is to be known of its licences."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from greenroom.models.model import Model

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.settings import Settings
    from greenroom.weights.store.finding import Need


class PublishedModel(Model):
    """A model of the catalogue. Subclasses say which. known: the recipe."""

    known: ClassVar[str]

    @classmethod
    def terms(cls) -> tuple[str, ...]:
        """What its users must know of its licences and of its components', the most restricting first."""
        from greenroom.models.terms import terms_of
        from greenroom.recipes.catalogue import with_components

        return terms_of(with_components(cls.known))

    @classmethod
    def notice(cls) -> str:
        """The same in a line."""
        from greenroom.models.terms import notice_of
        from greenroom.recipes.catalogue import with_components

        return notice_of(with_components(cls.known))


class InVariants(PublishedModel):
    """One whose main network is published in several file sets, the variants of its recipe."""

    @classmethod
    @abstractmethod
    def needs(cls, variant: str) -> tuple[Need, ...]:
        """Its files, that of the variant first."""

    @classmethod
    def variant_here(cls, settings: Settings, variant: str | None = None) -> str:
        """The one that is asked for; without one the default, or whichever other is on this machine.

        Raises UnknownName.
        """
        from greenroom.recipes.catalogue import recipe
        from greenroom.weights.store.finding import variant_here
        from greenroom.weights.store.places import Places

        known = recipe(cls.known)
        if variant is not None:
            known.file_set(variant)
            return variant
        return variant_here(known, "weights", Places.of(settings))

    @classmethod
    def found(cls, settings: Settings, variant: str) -> tuple[Path, ...]:
        """Where its files are, in the order of ``needs``. Raises WeightsMissing, WeightsDamaged, UnknownName."""
        from greenroom.weights.store.finding import find_weights
        from greenroom.weights.store.places import Places

        return find_weights(cls.known, cls.needs(variant), Places.of(settings))
