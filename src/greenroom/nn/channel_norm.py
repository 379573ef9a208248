"""Norm by length over the channels of each position of a video, in passes that do their neighbours' work too.

A position is divided by the length of its channels, and scaled. A convolution's bias, the residual sum, the activation
and the write into the next convolution's window ride along: whatever stands between two convolutions is one pass. On a
GPU it is a Triton kernel; here is the same arithmetic in torch.

Frames are (frames, height, width, channels), contiguous: the order in which tensor cores take a convolution's input.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from greenroom.nn.norms import summing

FLOOR = 1e-12
"""A length is not taken for less, so that a position of zeros stays one."""


@dataclass(slots=True, eq=False)
class Pending:
    """Frames as a sum that nobody has made yet: whoever reads them next does it on its way.

    Once the sum is made it stands in place of its parts, which nobody holds any more.

    x: (frames, height, width, channels).  shift: (channels,), added to every position; None for nothing.  residual: of
    x's shape, maybe of a wider type; None for nothing.
    """

    x: Tensor
    shift: Tensor | None = None
    residual: Tensor | None = None

    def moved(self) -> Pending:
        """The same frames, which are held here no longer."""
        moved = Pending(self.x, self.shift, self.residual)
        self.let_go()
        return moved

    def let_go(self) -> None:
        """Hold frames no longer that nobody reads again."""
        self.x, self.shift, self.residual = self.x.new_empty(0), None, None


def add(given: Pending, out: Tensor) -> None:
    """Write the sum to ``out``, which may be one of its parts."""
    if given.x.is_cuda:
        from greenroom.nn.kernels import channel_norm

        channel_norm.settle(given, None, total=out, normed=None, silu=False)
    else:
        out.copy_(_sum(given))
    _made(given, out)


def normalise(given: Pending, gain: Tensor, *, out: Tensor, total: Tensor | None = None, silu: bool = True) -> None:
    """Write the norm of the sum, through SiLU unless told otherwise, to ``out``, and the sum itself to ``total``.

    gain: (channels,), with which a position of usual length is scaled.  out, total: of the frames' shape; total may be
    a part of the sum, and is left out where nobody reads it again. What is normed is the sum before it is rounded.
    """
    if given.x.is_cuda:
        from greenroom.nn.kernels import channel_norm

        channel_norm.settle(given, gain, total=total, normed=out, silu=silu)
    else:
        summed = _sum(given)
        out.copy_(normed(summed, gain, silu=silu))
        if total is not None:
            total.copy_(summed)
    if total is not None:
        _made(given, total)


def normed(x: Tensor, gain: Tensor, *, silu: bool) -> Tensor:
    """The norm of frames, in float32 at least."""
    wide = x.to(summing(x.dtype))
    length = torch.linalg.vector_norm(wide, dim=-1, keepdim=True).clamp(min=FLOOR)
    y = wide / length * (x.shape[-1] ** 0.5 * gain)
    return functional.silu(y, inplace=True) if silu else y


def _made(given: Pending, total: Tensor) -> None:
    given.x, given.shift, given.residual = total, None, None


def _sum(given: Pending) -> Tensor:
    total = given.x.to(summing(given.x.dtype))
    if given.shift is not None:
        total = total + given.shift
    return total if given.residual is None else total + given.residual
