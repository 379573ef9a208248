"""A model of the family that is small enough for every test: three blocks, random weights.

What it makes is noise of the right size; everything around that is real. Workers and the command line import it as
``tests.models.seedvr2.tiny:TinySeedVR2``.
"""

from __future__ import annotations

from typing import Self

from greenroom.models.seedvr2.model import SeedVR2Model
from greenroom.models.seedvr2.planning.costs import Networks
from greenroom.models.seedvr2.restoring.restorer import Restorer
from tests.models.seedvr2.engines import new_engine


class TinySeedVR2(SeedVR2Model):
    """A tiny SeedVR2."""

    known = "seedvr2-3b"
    memory = 0

    @classmethod
    def networks(cls, variant: str | None = None) -> Networks:
        """Of the tiny engine."""
        return new_engine().networks(cls.known)

    @classmethod
    def load(cls, device: str, variant: str | None = None) -> Self:
        """Made anew for each process, the same each time."""
        return cls(Restorer(new_engine(), cls.known, cls.terms(), variant or "tiny"))
