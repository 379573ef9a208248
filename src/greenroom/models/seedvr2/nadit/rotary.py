"""Rotary positions of the family, over time, height and width, local to a window.

The 3B turns pairs by positions from 0 on, at the frequencies of language models, and counts time on from the text,
which is turned as well. The 7B turns by where a token lies between the borders of its window, -1 to 1, and leaves the
text as it is. Angles come from the formula in float32, never from a checkpoint: frequencies of the 7B reach 402, and in
bfloat16 those are off by up to a radian.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.nn import rotary
from greenroom.nn.tables import table

if TYPE_CHECKING:
    from greenroom.models.seedvr2.architecture import Architecture
    from greenroom.models.seedvr2.nadit.windows import Grid

_AXES = 3
_MOST_PIXEL_TURNS = 128


class Rope(nn.Module):
    """Frequencies as published checkpoints hold them, in every block; nothing reads them."""

    freqs: Tensor

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.register_buffer("freqs", table(lambda: frequencies(architecture), pairs_of_an_axis(architecture)))


def pairs_of_an_axis(architecture: Architecture) -> int:
    """How many pairs of a head's channels tell the position on one axis."""
    return _channels_of_an_axis(architecture) // 2


def frequencies(architecture: Architecture) -> Tensor:
    """Radians per unit of position, the same on each axis: float32, (pairs of an axis,)."""
    pairs = pairs_of_an_axis(architecture)
    if architecture.design == "dit":
        return torch.linspace(1, _MOST_PIXEL_TURNS, pairs) * math.pi
    return rotary.frequencies(_channels_of_an_axis(architecture))[:pairs]


def window_angles(architecture: Architecture, shape: Grid, text: int) -> Tensor:
    """The angle of each pair of a head for the tokens of a window, in (time, height, width) order.

    text: tokens before the video.  Returns float32, (tokens, head_dim / 2); pairs that are not turned have 0.
    """
    by_axis = [
        torch.outer(_positions(architecture, extent, text if axis == 0 else 0), frequencies(architecture))
        for axis, extent in enumerate(shape)
    ]
    parts = [
        angles.view(*(extent if axis == own else 1 for axis, extent in enumerate(shape)), -1).expand(*shape, -1)
        for own, angles in enumerate(by_axis)
    ]
    return _whole_heads(architecture, torch.cat(parts, dim=-1).flatten(0, 2))


def text_angles(architecture: Architecture, text: int) -> Tensor:
    """The same for the text: its position on all three axes, or no turn at all. float32, (text, head_dim / 2)."""
    if architecture.design == "dit":
        return torch.zeros(text, architecture.head_dim // 2)
    angles = torch.outer(torch.arange(text, dtype=torch.float32), frequencies(architecture))
    return _whole_heads(architecture, angles.repeat(1, _AXES))


def _channels_of_an_axis(architecture: Architecture) -> int:
    turned = architecture.head_dim // 2 if architecture.design == "dit" else architecture.head_dim
    return turned // _AXES


def _positions(architecture: Architecture, extent: int, offset: int) -> Tensor:
    if architecture.design == "dit":
        return torch.linspace(-1, 1, extent)
    return torch.arange(offset, offset + extent, dtype=torch.float32)


def _whole_heads(architecture: Architecture, angles: Tensor) -> Tensor:
    """An angle for every pair of a head: the last ones, beyond the three axes, are not turned."""
    return functional.pad(angles, (0, architecture.head_dim // 2 - angles.shape[-1]))
