"""The times at which the flow is evaluated: even or pruned, bent by sway (arXiv 2410.06885, 3.3; EPSS, 2505.19931)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from greenroom.errors import InputInvalid

# Empirically pruned steps, in 1/32: at few steps, the early times are worth more than the late ones.
PRUNED = {
    5: (0, 2, 4, 8, 16, 32),
    6: (0, 2, 4, 6, 8, 16, 32),
    7: (0, 2, 4, 6, 8, 16, 24, 32),
    10: (0, 2, 4, 6, 8, 12, 16, 20, 24, 28, 32),
    12: (0, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32),
    16: (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32),
}

# Beyond these the bent times no longer rise: the slope at an end is below zero.
LEAST_SWAY, MOST_SWAY = -1.0, 2 / (math.pi - 2)


def time_grid(steps: int, sway: float | None = None, *, epss: bool = True) -> Tensor:
    """Times from 0 to 1: float32 on the CPU, (steps + 1,), rising.

    sway: None for none.  epss: where there is a pruned grid of so many steps, it takes the place of the even one.
    float32 whatever the weights are: half precision ends at 0.9995. Raises InputInvalid.
    """
    if steps < 1:
        raise InputInvalid(f"steps is {steps}", mend="give 1 or more")
    if epss and steps in PRUNED:
        times = torch.tensor(PRUNED[steps], dtype=torch.float32) / 32
    else:
        times = torch.linspace(0, 1, steps + 1)
    return times if sway is None else bend(times, sway)


def bend(times: Tensor, sway: float) -> Tensor:
    """t + sway * (cos(pi t / 2) - 1 + t): the ends stay; below zero, the other times move towards the start."""
    if not LEAST_SWAY <= sway <= MOST_SWAY:
        raise InputInvalid(f"sway is {sway:g}", mend=f"sway is {LEAST_SWAY:g} to {MOST_SWAY:.2f}, -1 as published")
    return times + sway * (torch.cos(math.pi / 2 * times) - 1 + times)
