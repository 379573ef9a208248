"""Group norm (arXiv 1803.08494) of video, frame by frame, in passes that do their neighbours' work too.

A convolution's bias, the residual sum, the activation and the write into the next convolution's input ride along, so
that a frame is read twice and written once for a norm, whatever stands around it. On a GPU the passes are Triton
kernels; here is the same arithmetic in torch.

Frames are (frames, height, width, channels), contiguous: the order in which tensor cores take a convolution's input.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.nn.norms import summing


def statistics(x: Tensor, norm: nn.GroupNorm, shift: Tensor | None = None) -> Tensor:
    """Mean and 1 / sqrt(variance + eps) of ``x + shift``, of each group in each frame.

    x: (frames, height, width, channels).  norm: the one that will use them.  shift: (channels,), added to every
    position. Returns (frames, groups, 2), float32 at least.
    """
    if x.is_cuda:
        from greenroom.nn.kernels import group_norm

        return group_norm.statistics(x, norm.num_groups, norm.eps, shift)
    return _statistics(x if shift is None else x + shift, norm)


def add(x: Tensor, shift: Tensor, norm: nn.GroupNorm, residual: Tensor | None = None, *, out: Tensor) -> Tensor:
    """Write ``x + shift (+ residual)`` to ``out``, and give the statistics of what was written.

    x, residual, out: (frames, height, width, channels); out may be one of the others.  shift: (channels,).
    """
    if x.is_cuda:
        from greenroom.nn.kernels import group_norm

        return group_norm.add(x, shift, residual, out, norm.num_groups, norm.eps)
    torch.add(x, shift, out=out) if residual is None else torch.add(residual, x + shift, out=out)
    return _statistics(out, norm)


def normalise(
    x: Tensor, given: Tensor, norm: nn.GroupNorm, *, out: Tensor, shift: Tensor | None = None, silu: bool = True
) -> None:
    """Write ``norm(x + shift)``, through SiLU unless told otherwise, to ``out``.

    x, out: (frames, height, width, channels); out may be x.  given: the statistics of ``x + shift``.
    """
    if x.is_cuda:
        from greenroom.nn.kernels import group_norm

        group_norm.normalise(x, given, norm.weight, norm.bias, shift, out, silu=silu)
        return
    mean, scale = given[:, None, None, :, None, 0], given[:, None, None, :, None, 1]
    shifted = (x if shift is None else x + shift).to(given.dtype).view(*x.shape[:-1], norm.num_groups, -1)
    y = ((shifted - mean) * scale).flatten(-2) * norm.weight + norm.bias
    out.copy_(functional.silu(y, inplace=True) if silu else y)


def _statistics(x: Tensor, norm: nn.GroupNorm) -> Tensor:
    grouped = x.to(summing(x.dtype)).view(*x.shape[:-1], norm.num_groups, -1)
    variance, mean = torch.var_mean(grouped, dim=(1, 2, 4), correction=0)
    return torch.stack((mean, torch.rsqrt(variance + norm.eps)), dim=-1)
