"""A model of the family as it is served, small enough for every test."""

from __future__ import annotations

from typing import ClassVar, Self

from greenroom.models.foley.engine import Engine
from greenroom.models.foley.model import FoleyModel
from greenroom.models.foley.parts import Parts
from greenroom.models.foley.precision import notes_of
from greenroom.models.foley.sounding.sounder import Sounder
from tests.models.foley.whole_parts import tiny_parts

TINY = ("--model", "tests.models.foley.tiny:TinyFoley", "--device", "cpu")
"""How a command line asks for it."""


class TinyFoley(FoleyModel):
    """Random weights; the licence is that of the published ones."""

    known: ClassVar[str] = "hunyuanvideo-foley-xl"

    @classmethod
    def load(
        cls, device: str, variant: str | None = None, precision: str | None = None, *, small: bool = False
    ) -> Self:
        """Nothing is read."""
        return cls(sounder(notes_of(variant or "bf16", precision or "bf16")))


def sounder(notes: tuple[str, ...] = (), parts: Parts | None = None) -> Sounder:
    """One on the CPU. parts: of its own, where ways send them here and there."""
    return Sounder(Engine(parts or tiny_parts()), TinyFoley.known, TinyFoley.terms(), notes)
