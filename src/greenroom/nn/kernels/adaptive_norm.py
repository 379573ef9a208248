"""Root mean square norm with modulation, and the gated residual before it, in one pass; see ``nn/adaptive_norm.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl

if TYPE_CHECKING:
    from torch import Tensor

_WARPS = 8


@triton.jit
def _norm(
    stream, branch, gate, scale, shift, out, width, eps,
    padded: tl.constexpr, with_branch: tl.constexpr,
):  # fmt: skip
    channel = tl.arange(0, padded)
    inside = channel < width
    at = tl.program_id(0).to(tl.int64) * width + channel
    x = tl.load(stream + at, mask=inside, other=0.0).to(tl.float32)
    if with_branch:
        gated = tl.load(branch + at, mask=inside, other=0.0).to(tl.float32)
        x += tl.load(gate + channel, mask=inside, other=0.0).to(tl.float32) * gated
        # What is normed is what stays in the stream: rounded.
        rounded = x.to(stream.dtype.element_ty)
        tl.store(stream + at, rounded, mask=inside)
        x = rounded.to(tl.float32)
    x *= tl.rsqrt(tl.sum(x * x, 0) / width + eps)
    x *= tl.load(scale + channel, mask=inside, other=0.0).to(tl.float32)
    x += tl.load(shift + channel, mask=inside, other=0.0).to(tl.float32)
    tl.store(out + at, x.to(out.dtype.element_ty), mask=inside)


def norm_modulate(
    x: Tensor, scale: Tensor, shift: Tensor, eps: float, *, branch: Tensor | None = None, gate: Tensor | None = None
) -> Tensor:
    """See ``greenroom.nn.adaptive_norm``. With a branch, x is changed where it lies. All are contiguous."""
    tokens, width = x.shape
    out = torch.empty_like(x)
    _norm[(tokens,)](
        x, x if branch is None else branch, scale if gate is None else gate, scale, shift, out, width, eps,
        triton.next_power_of_2(width), branch is not None, num_warps=_WARPS,
    )  # fmt: skip
    return out
