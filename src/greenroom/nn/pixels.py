"""The last convolution of a video network, to pictures: of 3 x 3 x 3, whose past lies before the frame.

A frame says to itself, to the next and to the one after what the kernel's taps in time make of it; what was said to
later frames is carried, in place of the frames themselves. That is a picture's three channels, not the network's many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.nn import channel_norm, group_norm
from greenroom.nn.norms import summing

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.nn.channel_norm import Pending

_NARROWEST = 16  # channels that a product takes on tensor cores
_HALF = (torch.bfloat16, torch.float16)


def fused(x: Tensor, channels: int) -> bool:
    """Whether a kernel of ``kernels/pixels.py`` takes frames of so many channels beside the three of pictures."""
    return x.is_cuda and x.dtype in _HALF and channels >= _NARROWEST


def pending_of(x: Tensor, colours: int) -> Tensor:
    """Room for what is said to the next frame and to the one after: (2, height, width, colours)."""
    return torch.empty(2, *x.shape[1:3], colours, dtype=summing(x.dtype), device=x.device)


def to_pixels(
    x: Tensor, given: Tensor, norm: nn.GroupNorm, weight: Tensor, bias: Tensor, pending: Tensor, *, begins: bool
) -> Tensor:
    """Norm, SiLU and the convolution.

    x: (frames, height, width, channels).  given: its statistics.  weight: (3, channels, 3, 3, 3).  bias: (3,).
    pending: of the frame before the first, unless the clip begins; then that of the last.  Returns (frames, height,
    width, 3), in float32 at least.
    """
    if fused(x, x.shape[-1]):
        from greenroom.nn.kernels import pixels

        return pixels.to_pixels(x, given, norm, weight, bias, pending, begins=begins)

    def normed(place: int) -> Tensor:
        frame = torch.empty_like(x[place : place + 1])
        group_norm.normalise(x[place : place + 1], given[place : place + 1], norm, out=frame)
        return frame

    return _convolved(x, normed, weight, bias, pending, begins=begins)


def lengths_to_pixels(given: Pending, gain: Tensor, weight: Tensor, bias: Tensor, pending: Tensor) -> Tensor:
    """The same behind a norm by length (``channel_norm.normalise``) of a sum that nobody has made yet.

    pending: of the frame before the first, zeros where nothing stands before the clip; then that of the last.
    """
    if fused(given.x, given.x.shape[-1]):
        from greenroom.nn.kernels import pixels

        return pixels.lengths_to_pixels(given, gain, weight, bias, pending)

    def normed(place: int) -> Tensor:
        one = slice(place, place + 1)
        residual = None if given.residual is None else given.residual[one]
        frame = torch.empty_like(given.x[one])
        channel_norm.normalise(channel_norm.Pending(given.x[one], given.shift, residual), gain, out=frame)
        return frame

    return _convolved(given.x, normed, weight, bias, pending, begins=False)


def _convolved(
    x: Tensor, normed: Callable[[int], Tensor], weight: Tensor, bias: Tensor, pending: Tensor, *, begins: bool
) -> Tensor:
    """What each frame says, and hears. x: the frames.  normed: the frame of a place, as the convolution reads it."""
    out = torch.empty(*x.shape[:3], len(bias), dtype=pending.dtype, device=x.device)
    taps = weight.movedim(2, 0).flatten(0, 1)  # (3 * colours, channels, 3, 3), those of the frame two before it first
    for place in range(len(x)):
        said = functional.conv2d(normed(place).movedim(-1, 1), taps, padding=1).movedim(1, -1)[0].to(pending.dtype)
        later, soon, now = said.chunk(3, dim=-1)
        if begins and place == 0:  # the frames before are copies of this one
            pending[0], pending[1] = later + soon, later
            out[place] = now + pending[0] + bias
        else:
            out[place] = now + pending[0] + bias
            pending[0], pending[1] = soon + pending[1], later
    return out
