"""Clips of noise for Foley's benchmarks, as a video is watched, and a clock around what the device does."""

from __future__ import annotations

import statistics
import time
from fractions import Fraction
from typing import TYPE_CHECKING

import torch

from greenroom.models.foley.mmdit.windows import grid_end
from greenroom.models.foley.watching.lengths import LONGEST_S
from greenroom.models.foley.watching.synthetic import synthetic_clip

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.models.foley.watching.pictures import Pictures

_SEED = 7
PROMPT, NEGATIVE = "steps on gravel, a dog far away", "noisy, harsh"


def watched(seconds: int) -> list[Pictures]:
    """A clip of so many seconds, made small already, in pieces of 15 s as it is watched."""
    end = Fraction(seconds)
    return synthetic_clip(end, grid_end(end) if end > LONGEST_S else end, _SEED)


def clock() -> float:
    """Now, once the device has done what it was asked."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def medians(work: Callable[[], dict[str, float]], runs: int) -> dict[str, float]:
    """Of each figure, over so many runs."""
    found = [work() for _ in range(runs)]
    return {name: round(statistics.median(each[name] for each in found), 4) for name in found[0]}
