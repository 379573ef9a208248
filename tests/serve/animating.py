"""People in pictures moved by tiny networks: as a model of the catalogue, one that waits in its midst, one of little
memory. All clips are as large as stamps."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from greenroom.cli.main import main
from greenroom.models import registry
from greenroom.progress import silent
from tests.models.steadydancer.tiny import TinySteadyDancer, small_sizes
from tests.serve.models import MARKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.models.steadydancer.animating.animated import AnimateResult
    from greenroom.models.steadydancer.animating.animator import Wanted
    from greenroom.models.steadydancer.animating.loras import LoraFile
    from greenroom.models.steadydancer.animating.outlook import Told
    from greenroom.progress import Step
    from greenroom.recipes.inputs.steadydancer import AnimateInputs

DANCER = "steadydancer-14b"
STAMP, HELD, NARROW = (f"{__name__}:{name}" for name in ("Stamp", "Held", "Narrow"))
FAST = {"steps": 10}
"""22 passes, as three steps are guided by poses."""

HELD_AT = 11
"""The pass of the sampler behind which ``Held`` waits."""


def main_animating(arguments: Sequence[str]) -> None:
    """The command line, where the model is a tiny one."""
    registry._CLASSES[DANCER] = STAMP
    main(arguments)


class Stamp(TinySteadyDancer):
    """In a process of its own, whose sizes it changes."""

    @classmethod
    def load(
        cls,
        device: str,
        variant: str | None = None,
        precision: str | None = None,
        loras: Sequence[LoraFile] | None = None,
        *,
        small: bool = False,
    ) -> Self:
        """Nothing is read."""
        small_sizes()
        return super().load(device, variant, precision, loras, small=small)


class Held(Stamp):
    """Waits between two passes of the sampler, where it says so by the mark ``sampling``, for the mark ``go``."""

    def animate(
        self,
        inputs: AnimateInputs,
        wanted: Wanted,
        step: Step = silent,
        told: Told | None = None,
        *,
        small: bool = False,
    ) -> AnimateResult:
        marks = Path(os.environ[MARKS])

        def held(stage: str, done: float, total: float) -> None:
            step(stage, done, total)
            if stage != "sampling" or done != HELD_AT:
                return
            (marks / "sampling").touch()
            while not (marks / "go").exists():
                step(stage, done, total)
                time.sleep(0.01)

        return super().animate(inputs, wanted, held, told, small=small)


class Narrow(Stamp):
    """Runs out of memory in the midst of decoding, unless it is told to take less."""

    def animate(
        self,
        inputs: AnimateInputs,
        wanted: Wanted,
        step: Step = silent,
        told: Told | None = None,
        *,
        small: bool = False,
    ) -> AnimateResult:
        def short(stage: str, done: float, total: float) -> None:
            step(stage, done, total)
            if stage == "decoding" and not small:
                raise MemoryError

        return super().animate(inputs, wanted, short, told, small=small)
