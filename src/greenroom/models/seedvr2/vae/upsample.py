"""Twice as many rows and columns, and frames too, in one convolution at the size before.

As published, a 1 x 1 x 1 convolution makes the values of each cell of 2 x 2 (x 2) pixels, these are moved to their
places, and a 3 x 3 x 3 convolution follows. A pixel of the result then depends on two rows and two columns before the
move, and in time on two frames, so that both convolutions are one with smaller kernels: 12 (or 8) products where
there were 27, and no pass over pixels in between. The weights of the one are sums of products of the others', taken
in float32.

In time the first frame of a clip stands alone: of the two that it would become, one is left out, and what looks back at
that one finds the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from greenroom.models.seedvr2.vae.blocks import bias_of
from greenroom.nn.causal_conv import CausalConv3d, convolve
from greenroom.nn.interleave import interleave

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.nn.causal_memory import CausalMemory, Window


@dataclass(frozen=True, slots=True, eq=False)
class Composed:
    """One convolution for two. weight: (times * 4 * channels, channels, frames, 2, 2).  bias: see ``interleave``."""

    weight: Tensor
    bias: Tensor

    def write(self, frames: Tensor, out: Tensor) -> None:
        """frames: (frames, height, width, channels), those of the past in front.  out: to be written."""
        times, taps = self.bias.shape[0], self.weight.shape[2]
        # A frame at a time: its phases are as large as what it becomes.
        for place in range(len(out) // times):
            phases = convolve(frames[place : place + taps], self.weight)
            interleave(phases, self.bias, out[place * times : (place + 1) * times])


class Upsample(nn.Module):
    """Doubles space, and time too if told so."""

    usual: Composed
    alone: Composed  # for the clip's first frame
    after: Composed  # for the frame after it

    def __init__(self, channels: int, *, timed: bool) -> None:
        super().__init__()
        self.times = 2 if timed else 1
        self.past = 1 if timed else 2
        self.upscale_conv = nn.Conv3d(channels, 4 * self.times * channels, 1)
        self.conv = CausalConv3d(channels, channels)

    def compose(self, dtype: torch.dtype) -> None:
        """Make the weights that are used, from the published ones as they are now. dtype: of what is made."""
        if self.times == 1:
            self.usual = _composed(self, dtype, 3, lambda _time, tap: (tap, 0))
            return
        self.usual = _composed(self, dtype, 2, _two_a_frame)
        self.alone = _composed(self, dtype, 1, lambda _time, _tap: (0, 0), times=1)
        self.after = _composed(self, dtype, 2, _two_after_the_first)

    def open(self, memory: CausalMemory, like: Tensor) -> Window:
        """The window to write its input into: as many frames as ``like``, of its height, width and type."""
        return memory.open(self, like, self.conv.weight.shape[0], first=self.past, later=self.past)

    def forward(self, window: Window, memory: CausalMemory) -> Tensor:
        """Read a window whose frames are written. Returns (frames, 2 height, 2 width, channels), bias and all."""
        whole = memory.close(self, window, self.past)
        frames, height, width, channels = window.frames.shape
        skipped = self.times - 1 if not window.start else 0
        out = whole.new_empty(frames * self.times - skipped, 2 * height, 2 * width, channels)
        if self.times == 1:
            self.usual.write(whole, out)
            return out
        done = 0
        if window.start == 0:
            self.alone.write(whole[1:2], out[:1])
            whole, done = whole[1:], 1
        if window.start <= 1 and len(whole) > 1:
            self.after.write(whole[:2], out[done : done + 2])
            whole, done = whole[1:], done + 2
        if len(whole) > 1:
            self.usual.write(whole, out[done:])
        return out


def _two_a_frame(time: int, tap: int) -> tuple[int, int]:
    """Which frame of the window a tap reaches, and which of the two that it becomes."""
    return divmod(time + tap, 2)


def _two_after_the_first(time: int, tap: int) -> tuple[int, int]:
    """The same where the frame before is the clip's first, which became one."""
    frame, part = divmod(time + tap, 2)
    return frame, part if frame else 0


def _composed(
    upsample: Upsample, dtype: torch.dtype, frames: int, reached: Callable[[int, int], tuple[int, int]], times: int = 0
) -> Composed:
    """Both convolutions as one. frames: that it reads.  times: that it makes of one, 0 for as many as usual."""
    times = times or upsample.times
    channels = upsample.conv.weight.shape[0]
    taps = upsample.conv.weight.float().movedim((2, 3, 4), (0, 1, 2))  # (tap, up, across, outputs, middle)
    cells = upsample.upscale_conv.weight.float().view(2, 2, upsample.times, channels, channels)
    lifts = bias_of(upsample.upscale_conv).float().view(2, 2, upsample.times, channels)
    weight = taps.new_zeros(times, 2, 2, channels, channels, frames, 2, 2)
    bias = upsample.conv.bias.float().repeat(times, 2, 2, 2, 2, 1)
    for time, row, column in product(range(times), range(2), range(2)):
        for tap, up, across in product(range(3), repeat=3):
            frame, part = reached(time, tap)
            (over, below), (along, beside) = _neighbour(row, up), _neighbour(column, across)
            of_tap = taps[tap, up, across]
            weight[time, row, column, :, :, frame, over, along] += of_tap @ cells[below, beside, part]
            # At the frame's border a tap may reach zeros, which have no bias.
            inner = slice(0, 2 - _leaves(row, up)), slice(0, 2 - _leaves(column, across))
            bias[time, row, column][inner] += of_tap @ lifts[below, beside, part]
    weight = weight.flatten(0, 3).to(dtype)
    return Composed(weight.contiguous(memory_format=torch.channels_last_3d), bias)


def _neighbour(side: int, tap: int) -> tuple[int, int]:
    """Which row of the kernel of two a tap reaches, and which row of its cell."""
    row, part = divmod(side + tap + 1, 2)
    return row - side, part


def _leaves(side: int, tap: int) -> bool:
    """Whether a tap leaves the frame, for the outermost row on that side."""
    return tap == 2 * side
