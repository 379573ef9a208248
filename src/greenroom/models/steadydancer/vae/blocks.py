"""Blocks of the video autoencoder. State-dict names are the published ones.

A block takes frames, (frames, height, width, channels), as a sum that is not made yet (``channel_norm.Pending``), and
gives them so: the pass that norms them makes it. Where frames pass from one residual block to the next they are of the
type that sums are made in, which may be wider than what convolutions take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.nn.causal_conv import CausalConv3d
from greenroom.nn.channel_norm import Pending, normalise
from greenroom.nn.wide_attention import attend

if TYPE_CHECKING:
    from greenroom.nn.causal_memory import CausalMemory


class Gain(nn.Module):
    """What a norm by length scales each channel by. axes: behind the channels in the published shape."""

    def __init__(self, channels: int, axes: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.empty(channels, *[1] * axes))

    @property
    def flat(self) -> Tensor:
        """(channels,)"""
        return self.gamma.view(-1)


class Resnet(nn.Module):
    """Norm, SiLU, convolution, twice, and the input added."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.residual = nn.ModuleDict(
            {
                "0": Gain(inputs, 3),
                "2": CausalConv3d(inputs, outputs),
                "3": Gain(outputs, 3),
                "6": CausalConv3d(outputs, outputs),
            }
        )
        self.shortcut = nn.Conv3d(inputs, outputs, 1) if inputs != outputs else None

    def forward(self, given: Pending, memory: CausalMemory, sums: torch.dtype) -> Pending:
        """sums: the type of frames between blocks."""
        before, between = (cast("Gain", self.residual[name]) for name in "03")
        first, second = (cast("CausalConv3d", self.residual[name]) for name in "26")
        total = _room(given, sums if self.shortcut is None else given.x.dtype)
        within = Pending(normed_convolution(given, before, first, memory, total), first.bias)
        x = normed_convolution(within, between, second, memory, None)
        if self.shortcut is None:
            return Pending(x, second.bias, given.x)
        beside = functional.linear(given.x, self.shortcut.weight.flatten(1))
        return Pending(x, second.bias + cast("Tensor", self.shortcut.bias), beside)


def normed_convolution(
    given: Pending, gain: Gain, conv: CausalConv3d, memory: CausalMemory, total: Tensor | None
) -> Tensor:
    """Norm, SiLU and a convolution, without its bias; the norm writes where the convolution reads.

    total: where to write the sum; None where nobody reads it again.
    """
    window = conv.open(memory, given.x)
    normalise(given, gain.flat, out=window.frames, total=total)
    if total is None:
        given.let_go()  # before the result comes
    made: Tensor = conv(window, memory)
    return made


def _room(given: Pending, dtype: torch.dtype) -> Tensor:
    """Where a sum can be written: over a part of it that is of the type, or beside."""
    for part in (given.residual, given.x):
        if part is not None and part.dtype == dtype:
            return part
    return given.x.new_empty(given.x.shape, dtype=dtype)


class Attention(nn.Module):
    """Within a frame, of one head as wide as the channels, and the input added."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = Gain(channels, 2)
        self.to_qkv = nn.Conv2d(channels, 3 * channels, 1)
        self.proj = nn.Conv2d(channels, channels, 1)

    def forward(self, given: Pending, memory: CausalMemory, sums: torch.dtype) -> Pending:
        """memory: not needed, since no frame sees another.  sums: the type of frames between blocks."""
        y = torch.empty_like(given.x)
        normalise(given, self.norm.flat, out=y, total=_room(given, sums), silu=False)
        bias = cast("Tensor", self.to_qkv.bias).to(y.dtype)
        for frame in y:  # one at a time: scores are positions by positions
            rows = frame.flatten(0, 1)
            query, key, value = functional.linear(rows, self.to_qkv.weight.flatten(1), bias).chunk(3, dim=-1)
            torch.mm(attend(query, key, value), self.proj.weight.flatten(1).T, out=rows)
        return Pending(y, self.proj.bias, given.x)
