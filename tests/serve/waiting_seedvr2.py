"""A tiny SeedVR2 that can be met in the midst of its work, however fast the machine is."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

from greenroom.models.model import Generated, Work
from tests.models.seedvr2.tiny import TinySeedVR2
from tests.serve.models import is_there


class WaitingSeedVR2(TinySeedVR2):
    """Waits for the mark behind its first finished shot."""

    def generate(self, inputs: Any, work: Work) -> Generated:
        def step(stage: str, done: float, total: float) -> None:
            work.step(stage, done, total)
            while work.kept and any(work.kept.glob("parts/[0-9]*-[0-9]*.*")) and not is_there("open"):
                work.step(stage, done, total)
                time.sleep(0.01)

        return super().generate(inputs, dataclasses.replace(work, step=step))
