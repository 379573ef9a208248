"""Convolutions over frames that see no later frame. Frames are (frames, height, width, channels) throughout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.nn.slices import INDEXED

if TYPE_CHECKING:
    from greenroom.nn.causal_memory import CausalMemory, Window

Triple = tuple[int, int, int]


class CausalConv3d(nn.Module):
    """A convolution whose window (``CausalMemory``) lies in the past: frames t - 2 to t for a kernel of 3.

    Its bias is not added here: the pass that reads the result next does it on its way.
    """

    def __init__(self, inputs: int, outputs: int, kernel: Triple = (3, 3, 3), stride: Triple = (1, 1, 1)) -> None:
        super().__init__()
        self.stride = stride
        self.first = kernel[0] - 1
        self.later = kernel[0] - stride[0]
        self.weight = nn.Parameter(torch.empty(outputs, inputs, *kernel))
        self.bias = nn.Parameter(torch.empty(outputs))

    def open(self, memory: CausalMemory, like: Tensor) -> Window:
        """The window to write its input into: as many frames as ``like``, of its height, width and type."""
        return memory.open(self, like, self.weight.shape[1], first=self.first, later=self.later)

    def forward(self, window: Window, memory: CausalMemory) -> Tensor:
        """Read a window whose frames are written. Returns (frames, height, width, outputs), without the bias."""
        return convolve(memory.close(self, window, self.later), self.weight)


def convolve(frames: Tensor, weight: Tensor, stride: Triple = (1, 1, 1), *, zeros: int = 1) -> Tensor:
    """Convolve with so many rows and columns of zeros on each side, and nothing in time.

    frames: (frames, height, width, inputs).  weight: (outputs, inputs, time, rows, columns).  zeros: 1 or 0.
    """
    sizes = zip(frames.shape[:3], (0, 2 * zeros, 2 * zeros), weight.shape[2:], stride, strict=True)
    count, height, width = ((size + padding - kernel) // step + 1 for size, padding, kernel, step in sizes)
    row = max(stride[1] * frames[:, 0].numel(), count * width * weight.shape[0])
    if max(row * height, frames.numel()) < INDEXED:
        return _convolve(frames, weight, stride, zeros)
    out = torch.empty(count, height, width, weight.shape[0], dtype=frames.dtype, device=frames.device)
    # So many rows of the result at a time, each band with the rows around it that it reads.
    band = max(1, INDEXED // row - 2 - weight.shape[3])
    for first in range(0, height, band):
        last = min(first + band, height)
        before = min(first, zeros)  # a row that sees zeros where the frame goes on, and is dropped
        below = (last - 1) * stride[1] - zeros + weight.shape[3]
        rows = frames[:, (first - before) * stride[1] : min(below, frames.shape[1])]
        out[:, first:last] = _convolve(rows, weight, stride, zeros)[:, before : before + last - first]
    return out


def _convolve(frames: Tensor, weight: Tensor, stride: Triple, zeros: int) -> Tensor:
    y = functional.conv3d(frames[None].permute(0, 4, 1, 2, 3), weight, None, stride, (0, zeros, zeros))
    return y.permute(0, 2, 3, 4, 1)[0].contiguous()
