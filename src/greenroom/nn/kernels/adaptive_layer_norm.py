"""Layer norm with modulation, and the gated residual before it, in one pass; see ``nn/adaptive_layer_norm.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl

if TYPE_CHECKING:
    from torch import Tensor

    from greenroom.nn.adaptive_layer_norm import Terms

_WARPS = 8


# Where a stream's tokens begin in ``shows`` differs from clip to clip: one variant serves all.
@triton.jit(do_not_specialize=["shows"])
def _modulate(
    stream, branch, bias, gate, scale, shift, shows, added, normed, stride, width, eps,
    padded: tl.constexpr, with_shows: tl.constexpr, with_branch: tl.constexpr, with_bias: tl.constexpr,
    with_norm: tl.constexpr,
):  # fmt: skip
    token = tl.program_id(0).to(tl.int64)
    channel = tl.arange(0, padded)
    inside = channel < width
    at = token * width + channel
    own = channel
    if with_shows:
        own = channel + tl.load(shows + token).to(tl.int64) * stride
    x = tl.load(stream + at, mask=inside, other=0.0).to(tl.float32)
    if with_branch:
        given = tl.load(branch + at, mask=inside, other=0.0).to(tl.float32)
        if with_bias:
            given += tl.load(bias + channel, mask=inside, other=0.0).to(tl.float32)
        x += tl.load(gate + own, mask=inside, other=0.0).to(tl.float32) * given
        # What is normed is what stays in the stream: rounded.
        rounded = x.to(added.dtype.element_ty)
        tl.store(added + at, rounded, mask=inside)
        x = rounded.to(tl.float32)
    if with_norm:
        x = tl.where(inside, x - tl.sum(x, 0) / width, 0.0)
        x *= tl.rsqrt(tl.sum(x * x, 0) / width + eps)
        x *= 1 + tl.load(scale + own, mask=inside, other=0.0).to(tl.float32)
        x += tl.load(shift + own, mask=inside, other=0.0).to(tl.float32)
        tl.store(normed + at, x.to(normed.dtype.element_ty), mask=inside)


def norm_modulate(x: Tensor, terms: Terms, shows: Tensor | None, eps: float) -> Tensor:
    """See ``greenroom.nn.adaptive_layer_norm``."""
    normed = torch.empty_like(x)
    _run(x, None, None, terms, terms, shows, eps, None, normed)
    return normed


def add_gated(x: Tensor, branch: Tensor, terms: Terms, shows: Tensor | None) -> Tensor:
    """See ``greenroom.nn.adaptive_layer_norm``."""
    added = torch.empty_like(x)
    _run(x, branch, None, terms, terms, shows, 0.0, added, None)
    return added


def add_norm_modulate(
    x: Tensor,
    branch: Tensor,
    behind: Terms,
    ahead: Terms,
    shows: Tensor | None,
    eps: float,
    *,
    bias: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """See ``greenroom.nn.adaptive_layer_norm``."""
    added, normed = torch.empty_like(x), torch.empty_like(x)
    _run(x, branch, bias, behind, ahead, shows, eps, added, normed)
    return added, normed


def _run(
    x: Tensor, branch: Tensor | None, bias: Tensor | None, behind: Terms, ahead: Terms, shows: Tensor | None,
    eps: float, added: Tensor | None, normed: Tensor | None,
) -> None:  # fmt: skip
    width = x.shape[-1]
    _modulate[(x.numel() // width,)](
        x, x if branch is None else branch, x if bias is None else bias, behind.gate, ahead.scale, ahead.shift,
        x if shows is None else shows, x if added is None else added, x if normed is None else normed,
        ahead.scale.stride(0), width, eps, triton.next_power_of_2(width), shows is not None, branch is not None,
        bias is not None, normed is not None, num_warps=_WARPS,
    )  # fmt: skip
