"""Layer norm with modulation, and the gated residual before it, in one pass; see ``nn/adaptive_layer_norm.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl

from greenroom.nn.adaptive_layer_norm import Terms
from greenroom.nn.fp8_linear import LARGEST, LEAST

if TYPE_CHECKING:
    from torch import Tensor

_WARPS = 8


# Where a stream's tokens begin in ``shows`` differs from clip to clip: one variant serves all.
@triton.jit(do_not_specialize=["shows"])
def _modulate(
    stream, branch, bias, gate, scale, shift, shows, added, normed, scales, stride, width, eps, largest, least,
    padded: tl.constexpr, with_shows: tl.constexpr, with_branch: tl.constexpr, with_bias: tl.constexpr,
    with_norm: tl.constexpr, with_scales: tl.constexpr,
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
        if with_scales:
            most = tl.maximum(tl.max(tl.abs(x), 0), least) / largest
            tl.store(scales + token, most)
            x /= most
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


def settle(
    x: Tensor, branch: Tensor | None, gate: Tensor, ahead: Terms | None, eps: float, normed: Tensor | None,
    scales: Tensor | None,
) -> None:  # fmt: skip
    """Add gate * branch to x where it lies, and write what ``norm_modulate`` does of it to ``normed``.

    x, branch, normed: (tokens, width), contiguous.  gate, ahead: of all tokens, (width,) each.  scales: float32, of
    each token, by which it is divided for ``normed``, in eight bits then. See ``greenroom.nn.long_stream``.
    """
    behind = Terms(gate, gate, gate)
    _run(x, branch, None, behind, ahead or behind, None, eps, None, normed, scales)


def _run(
    x: Tensor, branch: Tensor | None, bias: Tensor | None, behind: Terms, ahead: Terms, shows: Tensor | None,
    eps: float, added: Tensor | None, normed: Tensor | None, scales: Tensor | None = None,
) -> None:  # fmt: skip
    width = x.shape[-1]
    _modulate[(x.numel() // width,)](
        x, x if branch is None else branch, x if bias is None else bias, behind.gate, ahead.scale, ahead.shift,
        x if shows is None else shows, x if added is None else added, x if normed is None else normed,
        x if scales is None else scales, ahead.scale.stride(0), width, eps, LARGEST, LEAST,
        triton.next_power_of_2(width), shows is not None, branch is not None, bias is not None, normed is not None,
        scales is not None, num_warps=_WARPS,
    )  # fmt: skip
