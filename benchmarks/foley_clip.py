"""What Foley's benchmarks share: clips of noise, as a video is watched; clocks; what two of them are asked."""

from __future__ import annotations

import argparse
import statistics
import time
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from greenroom.models.foley.architecture import PUBLISHED
from greenroom.models.foley.mmdit.windows import grid_end
from greenroom.models.foley.watching.lengths import LONGEST_S
from greenroom.models.foley.watching.synthetic import synthetic_clip
from greenroom.runtime.graphs import Pool, Recorded

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.models.foley.watching.pictures import Pictures

_SEED = 7
_CALLS = 20  # in a graph
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


def timed(work: Callable[[], object], runs: int) -> float:
    """Microseconds of a call, at the least: on a GPU of many in one graph, so that the host's pace does not count."""
    again, calls = work, 1
    if torch.cuda.is_available():
        again, calls = Recorded(lambda: [work() for _ in range(_CALLS)], Pool()).replay, _CALLS
    again()
    found: list[float] = []
    for _ in range(runs):
        began = clock()
        again()
        found.append((clock() - began) / calls)
    return round(1e6 * min(found), 1)


def medians(work: Callable[[], dict[str, float]], runs: int) -> dict[str, float]:
    """Of each figure, over so many runs."""
    found = [work() for _ in range(runs)]
    return {name: round(statistics.median(each[name] for each in found), 4) for name in found[0]}


def asked(about: str | None, *, seconds: int) -> argparse.Namespace:
    """The options of a benchmark that makes one clip: model, seconds, steps, tiny, output.

    about: its docstring.  seconds: of the clip, if none are said.
    """
    parser = argparse.ArgumentParser(description=about.splitlines()[0] if about else None)
    parser.add_argument("--model", default="hunyuanvideo-foley-xxl", choices=list(PUBLISHED))
    parser.add_argument("--seconds", type=int, default=seconds)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--tiny", action="store_true", help="small networks of the same kind, for a CPU")
    parser.add_argument("--output", type=Path)
    return parser.parse_args()
