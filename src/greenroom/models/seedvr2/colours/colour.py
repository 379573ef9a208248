"""Colours of the restored frames brought back to those of the source.

Frames are (frames, 3, height, width), float32 in -1..1, on any device; ``content`` was restored, ``style`` is the
resized source. Every method here treats each frame by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

_DISTANCES = (1, 2, 4, 8, 16)  # pixels, of the five blurs
_EPS = 1e-5  # added to a variance


def wavelet(content: Tensor, style: Tensor) -> Tensor:
    """The details of the content over the low frequencies of the style. May leave -1..1 by a little.

    Details are what five blurs with holes, each twice as wide as the one before, take away (the à trous algorithm).
    """
    return content + _low(style - content, _DISTANCES)


def wavelet_capped(content: Tensor, style: Tensor) -> Tensor:
    """The same with blurs no wider than an eighth of the frame, cut to -1..1: what the community's port does."""
    widest = max(1, min(content.shape[-2:]) // 8)
    blurs = tuple(min(distance, widest) for distance in _DISTANCES)
    return (content + _low(style - content, blurs)).clamp_(-1, 1)


def adain(content: Tensor, style: Tensor) -> Tensor:
    """Each channel of the content with the mean and the spread of the style's (arXiv 1703.06868)."""
    own, wanted = _moments(content), _moments(style)
    return (content - own[0]) / own[1] * wanted[1] + wanted[0]


def _low(x: Tensor, distances: tuple[int, ...]) -> Tensor:
    """Blurred along rows and columns by 1 2 1, again and again; what lies beyond the border is the border."""
    for distance in distances:
        for padding, axis in (((distance, distance, 0, 0), -1), ((0, 0, distance, distance), -2)):
            length = x.shape[axis]
            wide = functional.pad(x, padding, mode="replicate")
            ends = wide.narrow(axis, 0, length) + wide.narrow(axis, 2 * distance, length)
            x = ends.add_(x, alpha=2).mul_(0.25)
    return x


def _moments(x: Tensor) -> tuple[Tensor, Tensor]:
    variance, mean = torch.var_mean(x, dim=(-2, -1), keepdim=True)
    return mean, torch.sqrt(variance + _EPS)
