"""What a file must hash to, and who says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.weights.store.hub_layout import etag_of
from greenroom.weights.transfer.source import Expected

if TYPE_CHECKING:
    from greenroom.recipes.recipe import ModelFile
    from greenroom.weights.store.places import Found
    from greenroom.weights.store.records import Authority


@dataclass(frozen=True, slots=True)
class Known:
    """A digest with whoever said it. sure: a difference accuses the file, and not whoever said it."""

    digest: Expected
    authority: Authority
    sure: bool = True

    @property
    def words(self) -> str:
        """``the recipe's hash``."""
        return {
            "recipe": "the recipe's hash",
            "hub": "the hub's hash",
            "user": "the given hash",
            "none": "the hash with which it arrived",
        }[self.authority]


def of_recipe(file: ModelFile) -> Known | None:
    """What a recipe says, if it does."""
    if file.digest is None:
        return None
    return Known(Expected("sha256", file.digest.sha256), "recipe", sure=file.digest.source != "unverified")


def of_etag(etag: str) -> Known:
    """What the hub says: its etags are hashes."""
    return Known(Expected("sha256" if len(etag) == 64 else "git-sha1", etag), "hub")


def known_of(file: ModelFile | None, found: Found) -> Known | None:
    """What a file that is here must hash to: by its recipe, its record, or its name in the hub's cache.

    None where nobody says it. An unverified hash of a recipe is asked last.
    """
    stated = of_recipe(file) if file else None
    if stated is not None and stated.sure:
        return stated
    if (record := found.record) is not None:
        return Known(Expected("sha256", record.sha256), record.authority)
    if (etag := etag_of(found.path)) is not None:
        return of_etag(etag)
    return stated
