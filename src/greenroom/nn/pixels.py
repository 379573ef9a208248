"""The last convolution of a video network, to pictures: of 3 x 3 x 3, whose past lies before the frame.

A frame says to itself, to the next and to the one after what the kernel's taps in time make of it; what was said to
later frames is carried, in place of the frames themselves. That is a picture's three channels, not the network's many.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.nn import group_norm
from greenroom.nn.norms import summing

_NARROWEST = 16  # channels that a product takes on tensor cores


def fused(x: Tensor, channels: int) -> bool:
    """Whether a kernel of ``kernels/pixels.py`` takes frames of so many channels beside the three of pictures."""
    return x.is_cuda and x.dtype == torch.bfloat16 and channels >= _NARROWEST and channels & (channels - 1) == 0


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
    out = torch.empty(*x.shape[:3], len(bias), dtype=pending.dtype, device=x.device)
    taps = weight.movedim(2, 0).flatten(0, 1)  # (3 * colours, channels, 3, 3), those of the frame two before it first
    for place, (frame, its) in enumerate(zip(torch.split(x, 1), torch.split(given, 1), strict=True)):
        normed = torch.empty_like(frame)
        group_norm.normalise(frame, its, norm, out=normed)
        said = functional.conv2d(normed.movedim(-1, 1), taps, padding=1).movedim(1, -1)[0].to(pending.dtype)
        later, soon, now = said.chunk(3, dim=-1)
        if begins and place == 0:  # the frames before are copies of this one
            pending[0], pending[1] = later + soon, later
            out[place] = now + pending[0] + bias
        else:
            out[place] = now + pending[0] + bias
            pending[0], pending[1] = soon + pending[1], later
    return out
