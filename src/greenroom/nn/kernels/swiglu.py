"""The gate of SwiGLU in one pass; see ``nn/swiglu.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl

from greenroom.nn.kernels.unfolding import put_beside

if TYPE_CHECKING:
    from torch import Tensor

_TILE = 4096
_WARPS = 8


@triton.jit
def _gate(gate, value, count, tile: tl.constexpr):
    at = tl.program_id(0).to(tl.int64) * tile + tl.arange(0, tile)
    inside = at < count
    x = tl.load(gate + at, mask=inside, other=0.0).to(tl.float32)
    y = x / (1.0 + tl.exp(-x)) * tl.load(value + at, mask=inside, other=0.0).to(tl.float32)
    tl.store(gate + at, y.to(gate.dtype.element_ty), mask=inside)


# See ``_unfold`` for what differs from clip to clip.
@triton.jit(do_not_specialize=["tokens"])
def _gate_halves(both, out, tokens, width, kernel: tl.constexpr, tile: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    channel = tl.program_id(1) * tile + tl.arange(0, tile)
    inside = channel < width
    gate = both + row * 2 * width + channel
    x = tl.load(gate, mask=inside, other=0.0).to(tl.float32)
    y = x / (1.0 + tl.exp(-x)) * tl.load(gate + width, mask=inside, other=0.0).to(tl.float32)
    put_beside(out, y.to(out.dtype.element_ty), row, tokens, width, channel, kernel)


def swiglu(gate: Tensor, value: Tensor) -> Tensor:
    """See ``greenroom.nn.swiglu.swiglu``."""
    count = gate.numel()
    _gate[(triton.cdiv(count, _TILE),)](gate, value, count, _TILE, num_warps=_WARPS)
    return gate


def swiglu_halves(both: Tensor, kernel: int = 1) -> Tensor:
    """See ``greenroom.nn.swiglu.swiglu_halves``."""
    *outer, tokens, both_widths = both.shape
    width = both_widths // 2
    out = torch.empty(*outer, tokens, kernel * width, dtype=both.dtype, device=both.device)
    grid = (both.numel() // both_widths, triton.cdiv(width, _TILE))
    _gate_halves[grid](both, out, tokens, width, kernel, _TILE, num_warps=_WARPS)
    return out
