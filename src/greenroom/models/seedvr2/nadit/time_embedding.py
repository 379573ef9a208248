"""The time of the diffusion as a vector: sines, then cosines, through three linear layers."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

SINUSOIDS = 256
_LONGEST_PERIOD = 10_000.0


def sinusoids(times: Tensor, width: int = SINUSOIDS) -> Tensor:
    """Sines, then cosines, at width / 2 frequencies from 1 down to just above 1 / 10 000.

    times: float32 (n,), 0 to 1000.  Returns float32 (n, width).
    """
    half = width // 2
    steps = torch.arange(half, dtype=torch.float32, device=times.device)
    angles = times[:, None] * torch.exp(steps * (-math.log(_LONGEST_PERIOD) / half))
    return torch.cat((angles.sin(), angles.cos()), dim=-1)


class TimeEmbedding(nn.Module):
    """Sinusoids through Linear, SiLU, Linear, SiLU, Linear."""

    def __init__(self, hidden: int, outputs: int) -> None:
        super().__init__()
        self.proj_in = nn.Linear(SINUSOIDS, hidden)
        self.proj_hid = nn.Linear(hidden, hidden)
        self.proj_out = nn.Linear(hidden, outputs)

    def forward(self, times: Tensor) -> Tensor:
        """times: float32 (n,), 0 to 1000.  Returns (n, outputs), in the type of the weights."""
        x = functional.silu(self.proj_in(sinusoids(times).to(self.proj_in.weight.dtype)))
        out: Tensor = self.proj_out(functional.silu(self.proj_hid(x)))
        return out
