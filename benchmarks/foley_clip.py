"""Clips of noise for Foley's benchmarks, as a video is watched, and a clock around what the device does."""

from __future__ import annotations

import statistics
import time
from fractions import Fraction
from typing import TYPE_CHECKING

import torch

from greenroom.models.foley.mmdit.windows import grid_end
from greenroom.models.foley.watching.lengths import LONGEST_S, PICTURE_RATE, SYNC_RATE, frames_until
from greenroom.models.foley.watching.pictures import Pictures
from greenroom.models.foley.watching.preprocess import PICTURE_SIDE, SYNC_SIDE

if TYPE_CHECKING:
    from collections.abc import Callable

_SEED = 7
PROMPT, NEGATIVE = "steps on gravel, a dog far away", "noisy, harsh"


def watched(seconds: int) -> list[Pictures]:
    """A clip of so many seconds, made small already, in pieces of 15 s as it is watched."""
    drawn = torch.Generator().manual_seed(_SEED)
    end, stretch = Fraction(seconds), Fraction(int(LONGEST_S))
    last = grid_end(end) if end > LONGEST_S else end
    pieces: list[Pictures] = []
    start = Fraction(0)
    while start < last:
        stop = min(start + stretch, last)
        pictures, frames = (
            torch.randint(
                0,
                256,
                (frames_until(stop, rate) - frames_until(start, rate), 3, side, side),
                dtype=torch.uint8,
                generator=drawn,
            )
            for rate, side in ((PICTURE_RATE, PICTURE_SIDE), (SYNC_RATE, SYNC_SIDE))
        )
        pieces.append(Pictures(pictures, frames, end))
        start = stop
    return pieces


def clock() -> float:
    """Now, once the device has done what it was asked."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def medians(work: Callable[[], dict[str, float]], runs: int) -> dict[str, float]:
    """Of each figure, over so many runs."""
    found = [work() for _ in range(runs)]
    return {name: round(statistics.median(each[name] for each in found), 4) for name in found[0]}
