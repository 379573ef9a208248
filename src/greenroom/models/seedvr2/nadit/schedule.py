"""The diffusion's path: a straight line from data to noise, and how one goes back along it (arXiv 2210.02747).

Times go from 0, data, to 1000, noise. The model predicts the velocity, noise - data. SeedVR2 goes back in one step; the
first SeedVR took 50, with guidance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from greenroom.errors import InputInvalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

LAST_TIME = 1000.0
"""At which there is noise alone."""


def times(steps: int) -> Tensor:
    """The times at which the model is asked: float32 (steps,), falling from the last. Raises InputInvalid."""
    if steps < 1:
        raise InputInvalid(f"steps is {steps}", mend="give 1 or more")
    return LAST_TIME * (1 - torch.arange(steps, dtype=torch.float32) / steps)


def diffused(data: Tensor, noise: Tensor, time: float) -> Tensor:
    """Where the line between the two is at a time."""
    return data * (1 - time / LAST_TIME) + noise * (time / LAST_TIME)


def restore(velocity: Callable[[Tensor, float], Tensor], noise: Tensor, steps: int = 1) -> Tensor:
    """Euler steps back from noise; the last one goes the whole way to the data.

    velocity: the model, asked with a state and its time.  noise: (..., channels), float32, as the states are.
    """
    state = noise
    grid = times(steps).tolist()
    for time, following in zip(grid, [*grid[1:], 0.0], strict=True):
        state = state - velocity(state, time) * ((time - following) / LAST_TIME)
    return state


def guided(positive: Tensor, negative: Tensor, strength: float, rescale: float = 0.0) -> Tensor:
    """Classifier-free guidance (arXiv 2207.12598): n + strength * (p - n).

    positive, negative: (..., channels), predictions for the wanted prompt and for the unwanted one.  rescale: how far
    the spread over the channels of each token is taken back to that of ``positive``, 0 to 1 (arXiv 2305.08891, 3.4).
    """
    mixed = negative + strength * (positive - negative)
    if not rescale:
        return mixed
    spread = positive.std(-1, keepdim=True) / mixed.std(-1, keepdim=True)
    return mixed * (rescale * spread + 1 - rescale)
