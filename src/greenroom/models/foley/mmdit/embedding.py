"""What goes into the streams: latents, features of the video and of a text, the time. Names are the published ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.models.foley.mmdit.mlp import conv_gated
from greenroom.models.foley.mmdit.sequence_conv import SequenceConv

if TYPE_CHECKING:
    from greenroom.models.foley.architecture import Architecture

LONGEST_PERIOD = 10_000.0
_WIDTH = 256


def sinusoids(times: Tensor, width: int = _WIDTH) -> Tensor:
    """Cosines, then sines, of times at width / 2 frequencies from 1 down; 1 / 10 000 is not reached.

    times: float32 (n,), 0 to 1000.  Returns float32 (n, width).
    """
    half = width // 2
    powers = -math.log(LONGEST_PERIOD) * torch.arange(half, dtype=torch.float32) / half
    # Exponentials of float32 differ in their last place from processor to processor, and times reach 1000.
    frequencies = powers.double().exp().float().to(times.device)
    angles = times[:, None] * frequencies
    return torch.cat((angles.cos(), angles.sin()), dim=-1)


class TimeIn(nn.Module):
    """Sinusoids through Linear, SiLU, Linear."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(_WIDTH, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, times: Tensor) -> Tensor:
        """times: float32 (n,), 0 to 1000.  Returns (n, width), in the type of the weights."""
        weight = next(self.parameters())
        out: Tensor = self.mlp(sinusoids(times.to(weight.device)).to(weight.dtype))
        return out


class TextIn(nn.Module):
    """A text's features through Linear, SiLU, Linear."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(inputs, width)
        self.linear_2 = nn.Linear(width, width)

    def forward(self, features: Tensor) -> Tensor:
        """features: (..., inputs)."""
        out: Tensor = self.linear_2(functional.silu(self.linear_1(features)))
        return out


class AudioIn(nn.Module):
    """Latents through a convolution of 1."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.proj = SequenceConv(channels, width, 1)

    def forward(self, latents: Tensor) -> Tensor:
        """latents: (samples, channels, length).  Returns (samples, length, width), in the type of the weights."""
        out: Tensor = self.proj(latents.transpose(1, 2).to(self.proj.weight.dtype))
        return out


def sync_in(architecture: Architecture) -> nn.Sequential:
    """Sync features through Linear, SiLU and a gated MLP; each token alone."""
    width = architecture.width
    return nn.Sequential(nn.Linear(architecture.sync_in, width), nn.SiLU(), conv_gated(width, architecture.gated, 1))


class FinalLayer(nn.Module):
    """The output: a layer norm and a linear layer.

    Published files hold a modulation for it. The original computes it and then drops it by a slip of shapes, so it has
    no part in what the published weights give: it is loaded, and not used.
    """

    def __init__(self, width: int, channels: int, eps: float) -> None:
        super().__init__()
        self._eps = eps
        self.linear = nn.Linear(width, channels)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))

    def forward(self, x: Tensor) -> Tensor:
        """x: (rows, tokens, width).  Returns (rows, channels, tokens)."""
        out: Tensor = self.linear(functional.layer_norm(x, x.shape[-1:], eps=self._eps))
        return out.transpose(1, 2)
