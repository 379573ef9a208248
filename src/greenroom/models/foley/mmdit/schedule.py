"""The flow's path, a straight line from noise to data (arXiv 2210.02747), and how guidance mixes two predictions.

A sigma is the share of noise, from 1 down to 0. The model is asked at ``1000 * sigma`` and predicts noise - data.
The original also offers Heun, midpoint and Kutta, at times that are wrong: they end half way, so they are not here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from greenroom.errors import InputInvalid

if TYPE_CHECKING:
    from torch import Tensor

LAST_TIME = 1000.0
"""At which there is noise alone."""

# Numbers of tokens, and the bend that the original's other shift has there; between them on a line.
_FEW, _MANY = (256, 0.5), (4096, 1.15)


def sigmas(steps: int, *, shift: float = 1.0, tokens: int | None = None, reverse: bool = True) -> Tensor:
    """The shares of noise before and behind each step: float32 (steps + 1,), on the host, falling from 1 to 0.

    shift: bends them towards noise (arXiv 2403.03206, 5.3.2); 1 for none, as published.  tokens: bends them by the
    length instead; None, as published, for not.  reverse: False counts them up, from 0. Raises InputInvalid.
    """
    if steps < 1:
        raise InputInvalid(f"steps is {steps}", mend="give 1 or more")
    even = torch.linspace(1, 0, steps + 1)
    bent = shift * even / (1 + (shift - 1) * even) if tokens is None else _bent_by_length(even, tokens)
    return bent if reverse else 1 - bent


def times(shares: Tensor) -> Tensor:
    """The times at which the model is asked: float32 (steps,).  shares: of ``sigmas``."""
    return shares[:-1] * LAST_TIME


def stepped(state: Tensor, velocity: Tensor, length: Tensor | float) -> Tensor:
    """An Euler step. length: the share of noise behind it less that before it."""
    return state + velocity * length


def guided(unconditional: Tensor, conditional: Tensor, strength: Tensor | float) -> Tensor:
    """Classifier-free guidance (arXiv 2207.12598): u + strength * (c - u), in float32.

    unconditional, conditional: velocities.  strength: 1 gives the second, more goes beyond it.
    """
    first = unconditional.float()
    return first + strength * (conditional.float() - first)


def _bent_by_length(shares: Tensor, tokens: int) -> Tensor:
    (few, low), (many, high) = _FEW, _MANY
    bend = math.exp(low + (tokens - few) * (high - low) / (many - few))
    return bend / (bend + (1 / shares - 1))
