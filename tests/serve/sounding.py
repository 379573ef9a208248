"""Sound for videos by tiny networks: as a model of the catalogue, one that waits in its midst, two of little memory."""

from __future__ import annotations

import dataclasses
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.cli.main import main
from greenroom.models import registry
from greenroom.models.foley.planning.plan import plan
from greenroom.models.foley.sounding.outlook import USUAL
from greenroom.runtime.rooms import Room
from tests.models.foley.tiny import TinyFoley
from tests.serve.models import MARKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.models.model import Generated, Work
    from greenroom.recipes.inputs.foley import FoleyFileInputs

FOLEY = "hunyuanvideo-foley-xl"
HELD, NARROW, CRAMPED = f"{__name__}:Held", f"{__name__}:Narrow", f"{__name__}:Cramped"
FAST = {"steps": 10, "guidance": 1}

HELD_AT = 3
"""The step of the sampler behind which ``Held`` waits."""


def main_sounding(arguments: Sequence[str]) -> None:
    """The command line, where the smaller model is a tiny one."""
    registry._CLASSES[FOLEY] = "tests.models.foley.tiny:TinyFoley"
    main(arguments)


class Held(TinyFoley):
    """Waits between two steps of the sampler, where it says so by the mark ``sampling``, for the mark ``go``."""

    def generate(self, inputs: FoleyFileInputs, work: Work) -> Generated:
        marks = Path(os.environ[MARKS])

        def step(stage: str, done: float, total: float) -> None:
            work.step(stage, done, total)
            if stage != "sampling" or done != HELD_AT:
                return
            (marks / "sampling").touch()
            while not (marks / "go").exists():
                work.step(stage, done, total)
                time.sleep(0.01)

        return super().generate(inputs, dataclasses.replace(work, step=step))


class Narrow(TinyFoley):
    """Runs out of memory in the midst of decoding, unless it is told to take less."""

    def generate(self, inputs: FoleyFileInputs, work: Work) -> Generated:
        def step(stage: str, done: float, total: float) -> None:
            work.step(stage, done, total)
            if stage == "decoding" and not work.small:
                raise MemoryError

        return super().generate(inputs, dataclasses.replace(work, step=step))


class Cramped(Narrow):
    """Is planned for a card that it just fits, so that memory runs out where no smaller plan fits."""

    def generate(self, inputs: FoleyFileInputs, work: Work) -> Generated:
        plan(self.networks(), USUAL, Room("cuda:0", 1_800_000_000, 64 << 30, "NVIDIA L4"), small=work.small)
        return super().generate(inputs, work)
