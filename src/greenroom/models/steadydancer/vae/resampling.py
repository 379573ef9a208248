"""The ways between levels: half as many rows and columns, or twice; and frames too if told so.

Upwards each pixel is published as four, which a 3 x 3 convolution then reads. What it makes of them depends on two rows
and two columns before, so both are one convolution with smaller kernels, a set of them for each of the four: 4 products
where there were 9, and no pass over pixels in between.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.nn.causal_conv import convolve
from greenroom.nn.channel_norm import Pending, add
from greenroom.nn.interleave import interleave

if TYPE_CHECKING:
    from greenroom.nn.causal_memory import CausalMemory


class _Resampling(nn.Module):
    """What both ways have. changed: channels that come out.  timed: how many come out of a step in time; 0 for none."""

    def __init__(self, channels: int, changed: int, timed: int) -> None:
        super().__init__()
        self.resample = nn.ModuleDict({"1": nn.Conv2d(channels, changed, 3)})
        self.time_conv = nn.Conv3d(channels, timed, (3, 1, 1)) if timed else None

    @property
    def spatial(self) -> nn.Conv2d:
        """The convolution over rows and columns, by its published weights."""
        return cast("nn.Conv2d", self.resample["1"])


class Down(_Resampling):
    """Halves space, reading a row of zeros below the frame and a column on its right; and time too if told so.

    In time a frame becomes one with the two before it; the first of a clip stays as it is.
    """

    shifted: Tensor
    shift: Tensor

    def __init__(self, channels: int, *, timed: bool) -> None:
        super().__init__(channels, channels, channels if timed else 0)
        self.register_buffer("shifted", None, persistent=False)
        self.register_buffer("shift", None, persistent=False)

    def compose(self, dtype: torch.dtype) -> None:
        """Make the weights that are used, from the published ones as they are now. dtype: of what is made."""
        # Libraries pad both sides alike: a row and a column of zero weights shift the kernel.
        padded = functional.pad(self.spatial.weight.detach()[:, :, None], (1, 0, 1, 0))
        self.shifted = padded.to(dtype).contiguous(memory_format=torch.channels_last_3d)
        shift = _bias(self.spatial).clone()
        if self.time_conv is not None:
            # The bias in space is the same everywhere, and no zeros stand beside frames: both are one.
            shift = self.time_conv.weight.detach().float().sum(2).flatten(1) @ shift + _bias(self.time_conv)
        self.shift = shift

    def forward(self, given: Pending, memory: CausalMemory, sums: torch.dtype) -> Pending:
        """Of an even height and width; behind the first of a clip of an even count too. sums: not needed."""
        add(given, given.x)
        x = convolve(given.x, self.shifted, (1, 2, 2))
        if self.time_conv is None:
            return Pending(x, self.shift)
        given.x = x
        window = memory.open(self, x, x.shape[-1], first=0, later=1)
        window.frames[:] = x
        whole = memory.close(self, window, 1)
        if window.start:
            return Pending(convolve(whole, self.time_conv.weight, (2, 1, 1), zeros=0), self.shift)
        made = x.new_empty(1 + len(x) // 2, *x.shape[1:])
        torch.add(x[:1], _bias(self.spatial), out=made[:1])
        if len(x) > 1:
            torch.add(convolve(whole, self.time_conv.weight, (2, 1, 1), zeros=0), self.shift, out=made[1:])
        return Pending(made)


class Up(_Resampling):
    """Doubles space, to half as many channels; and time too if told so.

    In time a frame becomes two, which see the two frames before it, and zeros in place of the clip's first one; that
    stays one frame.
    """

    phases: Tensor
    edges: Tensor

    def __init__(self, channels: int, *, timed: bool) -> None:
        super().__init__(channels, channels // 2, 2 * channels if timed else 0)
        self.register_buffer("phases", None, persistent=False)
        self.register_buffer("edges", None, persistent=False)

    def compose(self, dtype: torch.dtype) -> None:
        """Make the weights that are used, from the published ones as they are now. dtype: of what is made."""
        weight, bias = self.spatial.weight.detach().float(), _bias(self.spatial)
        self.phases = _phases(weight).to(dtype).contiguous(memory_format=torch.channels_last_3d)
        lifts = [bias.new_zeros(weight.shape[1])]
        if self.time_conv is not None:
            lifts += _bias(self.time_conv).chunk(2)
        # Of the clip's first frame, then of the two that any other becomes.
        self.edges = torch.stack([_edges(weight, bias, lift) for lift in lifts])

    def forward(self, given: Pending, memory: CausalMemory, sums: torch.dtype) -> Pending:
        """Of any number of frames. sums: not needed."""
        frames, height, width, channels = given.x.shape
        if self.time_conv is None:
            add(given, given.x)
            made = given.x.new_empty(frames, 2 * height, 2 * width, channels // 2)
            for place in range(frames):
                self._rise(given.x, place, 0, made[place])
            return Pending(made)
        window = memory.open(self, given.x, channels, first=1, later=2)
        add(given, window.frames)
        alone = 0 if window.start else 1
        made = given.x.new_empty(2 * frames - alone, 2 * height, 2 * width, channels // 2)
        if alone:
            self._rise(window.frames, 0, 0, made[0])
            window.frames[0] = 0
        whole = memory.close(self, window, 2)
        if len(whole) > 2:
            # Of each frame first the earlier one of both, then the later: rows of the published weight in that order.
            for side, taps in enumerate(self.time_conv.weight.chunk(2)):
                timed = convolve(whole, taps, zeros=0)
                for place in range(len(timed)):
                    self._rise(timed, place, 1 + side, made[alone + 2 * place + side])
        return Pending(made)

    def _rise(self, x: Tensor, place: int, which: int, out: Tensor) -> None:
        """A frame to twice its rows and columns. which: of the biases."""
        # One at a time: its phases are as large as what it becomes.
        interleave(convolve(x[place : place + 1], self.phases), self.edges[which], out[None])


def _bias(conv: nn.Conv2d | nn.Conv3d) -> Tensor:
    """Its bias, which every convolution here has."""
    return cast("Tensor", conv.bias).detach()


def _phases(weight: Tensor) -> Tensor:
    """A 3 x 3 convolution behind doubling, as four 2 x 2 ones before it: (4 * outputs, inputs, 1, 2, 2)."""
    made = weight.new_zeros(2, 2, *weight.shape[:2], 1, 2, 2)
    for row, column in product(range(2), repeat=2):
        for up, across in product(range(3), repeat=2):
            # A pixel is 0 or 1 of its cell, a tap one before it, on it or behind it: in whose cell does it lie?
            over, along = (row + up + 1) // 2 - row, (column + across + 1) // 2 - column
            made[row, column, :, :, 0, over, along] += weight[:, :, up, across]
    return made.flatten(0, 2)


def _edges(weight: Tensor, bias: Tensor, lift: Tensor) -> Tensor:
    """The bias for each place of a cell, see ``interleave``. lift: of what is doubled, which zeros outside have not."""
    made = bias.repeat(1, 2, 2, 2, 2, 1)
    for row, column in product(range(2), repeat=2):
        for up, across in product(range(3), repeat=2):
            # In the outermost row, and column, a tap may leave the frame.
            inner = slice(0, 2 - (up == 2 * row)), slice(0, 2 - (across == 2 * column))
            made[0, row, column][inner] += weight[:, :, up, across] @ lift
    return made
