"""The gate of SwiGLU in one pass; see ``nn/swiglu.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl

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


@triton.jit
def _gate_halves(both, out, width, tile: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    channel = tl.program_id(1) * tile + tl.arange(0, tile)
    inside = channel < width
    x = tl.load(both + row * 2 * width + channel, mask=inside, other=0.0).to(tl.float32)
    y = (
        x
        / (1.0 + tl.exp(-x))
        * tl.load(both + row * 2 * width + width + channel, mask=inside, other=0.0).to(tl.float32)
    )
    tl.store(out + row * width + channel, y.to(out.dtype.element_ty), mask=inside)


def swiglu(gate: Tensor, value: Tensor) -> Tensor:
    """See ``greenroom.nn.swiglu.swiglu``."""
    count = gate.numel()
    _gate[(triton.cdiv(count, _TILE),)](gate, value, count, _TILE, num_warps=_WARPS)
    return gate


def swiglu_halves(both: Tensor) -> Tensor:
    """See ``greenroom.nn.swiglu.swiglu_halves``."""
    width = both.shape[-1] // 2
    out = torch.empty(*both.shape[:-1], width, dtype=both.dtype, device=both.device)
    _gate_halves[(out.numel() // width, triton.cdiv(width, _TILE))](both, out, width, _TILE, num_warps=_WARPS)
    return out
