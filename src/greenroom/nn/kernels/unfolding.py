"""Tokens beside their neighbours in one pass; see ``nn/unfolding.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl

if TYPE_CHECKING:
    from torch import Tensor

_TILE = 2048
_WARPS = 4


@triton.jit
def put_beside(out, value, row, tokens, width, channel, kernel: tl.constexpr):
    """Write a part of a token to wherever it stands in ``out``, and zeros to where it has no neighbour.

    value: of the token in that row (int64, counted over all sequences), at those channels that are below ``width``.
    """
    token = row % tokens
    for tap in tl.static_range(kernel):
        # Whose neighbour at this tap the token is, and whether it has one there itself.
        other = kernel // 2 - tap
        heard = tl.where((token + other >= 0) & (token + other < tokens), width, 0)
        tl.store(out + ((row + other) * kernel + tap) * width + channel, value, mask=channel < heard)
        alone = tl.where((token - other < 0) | (token - other >= tokens), width, 0)
        tl.store(out + (row * kernel + tap) * width + channel, tl.zeros_like(value), mask=channel < alone)


# Clips differ in how many tokens they have, and no read or write depends on it: one variant serves all.
@triton.jit(do_not_specialize=["tokens"])
def _unfold(x, out, tokens, width, kernel: tl.constexpr, tile: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    channel = tl.program_id(1) * tile + tl.arange(0, tile)
    value = tl.load(x + row * width + channel, mask=channel < width, other=0.0)
    put_beside(out, value, row, tokens, width, channel, kernel)


def unfolded(x: Tensor, kernel: int) -> Tensor:
    """See ``greenroom.nn.unfolding.unfolded``."""
    rows, tokens, width = x.shape
    out = torch.empty(rows, tokens, kernel * width, dtype=x.dtype, device=x.device)
    _unfold[(rows * tokens, triton.cdiv(width, _TILE))](
        x.contiguous(), out, tokens, width, kernel, _TILE, num_warps=_WARPS
    )
    return out
