"""The time of a flow or a diffusion as a vector: sines and cosines, then two linear layers."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from greenroom.nn.norms import summing

LONGEST_PERIOD = 10_000.0


def sinusoids(t: Tensor, width: int, scale: float = 1000.0) -> Tensor:
    """Sines, then cosines, of ``scale * t`` at width / 2 frequencies from 1 to 1 / 10 000, both reached.

    t: (n,), at least float32: half precision knows times near 1000 to a half only.  Returns (n, width).
    """
    half = width // 2
    steps = torch.arange(half, dtype=torch.float32, device=t.device)
    frequencies = torch.exp(steps * (-math.log(LONGEST_PERIOD) / (half - 1)))
    angles = scale * t[:, None] * frequencies[None, :]
    return torch.cat((angles.sin(), angles.cos()), dim=-1)


class TimeEmbedding(nn.Module):
    """Sinusoids through Linear, SiLU, Linear."""

    WIDTH = 256

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.time_mlp = nn.Sequential(nn.Linear(self.WIDTH, dim), nn.SiLU(), nn.Linear(dim, dim))

    def forward(self, t: Tensor) -> Tensor:
        """t: (n,), in [0, 1]. Returns (n, dim), in the type of the weights."""
        dtype = next(self.parameters()).dtype
        out: Tensor = self.time_mlp(sinusoids(t.to(summing(dtype)), self.WIDTH).to(dtype))
        return out
