"""What goes into the stream and what comes out of it: patches of latents, texts, pictures, the time.

Names are the published ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.models.steadydancer.architecture import PATCH

if TYPE_CHECKING:
    from greenroom.models.steadydancer.architecture import Architecture
    from greenroom.models.steadydancer.dancer.rotary import Grid

_LONGEST_PERIOD = 10_000.0
_PATCH_WIDTH = PATCH[1] * PATCH[2]
_ALL = slice(None)


def sinusoids(time: float, width: int) -> Tensor:
    """Cosines, then sines, of a time at width / 2 frequencies from 1 down; 1 / 10 000 is not reached.

    time: 0 to 1000.  Returns float64 (width,), on the host.
    """
    half = width // 2
    angles = time * _LONGEST_PERIOD ** -(torch.arange(half, dtype=torch.float64) / half)
    return torch.cat((angles.cos(), angles.sin()))


def text_embedding(architecture: Architecture) -> nn.Sequential:
    """A text's rows through Linear, GELU in its tanh form, Linear."""
    width = architecture.width
    return nn.Sequential(nn.Linear(architecture.text_in, width), nn.GELU("tanh"), nn.Linear(width, width))


def time_embedding(architecture: Architecture) -> nn.Sequential:
    """Sinusoids through Linear, SiLU, Linear."""
    width = architecture.width
    return nn.Sequential(nn.Linear(architecture.sinusoids, width), nn.SiLU(), nn.Linear(width, width))


class ImageEmbedding(nn.Module):
    """What is seen in a picture, in the stream's width."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        given, width = architecture.image_in, architecture.width
        self.proj = nn.Sequential(
            nn.LayerNorm(given), nn.Linear(given, given), nn.GELU(), nn.Linear(given, width), nn.LayerNorm(width)
        )

    def forward(self, seen: Tensor) -> Tensor:
        """seen: (tokens, image_in).  Returns (tokens, width)."""
        out: Tensor = self.proj(seen)
        return out


class PatchEmbedding(nn.Conv3d):
    """A convolution of patches, as one product."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__(channels, width, PATCH, PATCH)

    def forward(self, x: Tensor) -> Tensor:
        """x: (channels, frames, height, width).  Returns (tokens, width), in the type of the weights."""
        return functional.linear(self._patches(x), self.weight.flatten(1), self.bias)

    def write(self, x: Tensor, out: Tensor, rows: slice = _ALL) -> None:
        """The same to memory that is there. rows: of tokens, those that are wanted."""
        torch.addmm(self.bias, self._patches(x)[rows], self.weight.flatten(1).t(), out=out)  # type: ignore[arg-type]  # it has a bias

    def _patches(self, x: Tensor) -> Tensor:
        channels, frames, height, width = x.shape
        whole = x.to(self.weight.dtype).view(
            channels, frames, height // PATCH[1], PATCH[1], width // PATCH[2], PATCH[2]
        )
        return whole.permute(1, 2, 4, 0, 3, 5).reshape(-1, channels * _PATCH_WIDTH)


class Head(nn.Module):
    """The end: a norm, which the caller makes with the head's vectors, and a linear layer."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.head = nn.Linear(architecture.width, architecture.outputs)
        self.modulation = nn.Parameter(torch.empty(1, 2, architecture.width))

    def forward(self, normed: Tensor) -> Tensor:
        """normed: (tokens, width).  Returns float32 (tokens, outputs)."""
        out: Tensor = self.head(normed)
        return out.float()


def laid_out(numbers: Tensor, grid: Grid) -> Tensor:
    """What the head gives of a video's tokens, (tokens, outputs), as (channels, frames, height, width)."""
    patches = numbers.view(*grid, PATCH[1], PATCH[2], -1)
    return patches.permute(5, 0, 1, 3, 2, 4).flatten(4, 5).flatten(2, 3)
