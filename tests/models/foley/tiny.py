"""A model of the family as it is served, small enough for every test."""

from __future__ import annotations

from typing import ClassVar, Self

from greenroom.models.foley.engine import Engine
from greenroom.models.foley.model import FoleyModel
from greenroom.models.foley.sounding.sounder import Sounder
from tests.models.foley.whole_parts import tiny_parts

TINY = ("--model", "tests.models.foley.tiny:TinyFoley", "--device", "cpu")
"""How a command line asks for it."""


class TinyFoley(FoleyModel):
    """Random weights; the licence is that of the published ones."""

    known: ClassVar[str] = "hunyuanvideo-foley-xl"

    @classmethod
    def load(cls, device: str, variant: str | None = None) -> Self:
        """Nothing is read."""
        return cls(sounder())


def sounder() -> Sounder:
    """One on the CPU."""
    return Sounder(Engine(tiny_parts()), TinyFoley.known, TinyFoley.terms())
