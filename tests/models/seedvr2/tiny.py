"""A model of the family that is small enough for every test: three blocks, random weights.

What it makes is noise of the right size; everything around that is real. Workers and the command line import it as
``tests.models.seedvr2.tiny:TinySeedVR2``.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Self

from greenroom.models.seedvr2.model import SeedVR2Model
from greenroom.models.seedvr2.planning.costs import Networks
from greenroom.models.seedvr2.restoring.restored import RestoreResult
from greenroom.models.seedvr2.restoring.restorer import Restorer, Told, Wanted
from greenroom.progress import Step, silent
from greenroom.recipes.inputs.seedvr2 import RestoreInputs
from tests.models.seedvr2.engines import new_engine

# A pattern and a number: once so many files match it in the folder that a process stands in, it goes no further.
HOLD = "GREENROOM_TEST_HOLD"


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

    def restore(
        self,
        inputs: RestoreInputs,
        wanted: Wanted,
        step: Step = silent,
        told: Told | None = None,
        *,
        small: bool = False,
    ) -> RestoreResult:
        """Restore, or hold on where a test says so."""
        return super().restore(inputs, wanted, _held(step), told, small=small)


def _held(step: Step) -> Step:
    """Steps that hold on, and hear that they are to stop."""
    if HOLD not in os.environ:
        return step
    pattern, count = os.environ[HOLD].split()

    def stepping(stage: str, done: float, total: float) -> None:
        step(stage, done, total)
        while len(list(Path().glob(pattern))) >= int(count):
            step(stage, done, total)
            time.sleep(0.005)

    return stepping
