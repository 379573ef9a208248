"""Rotary position embedding of queries and keys in place (Su et al., 2021, arXiv 2104.09864, section 3.4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import triton
import triton.language as tl

if TYPE_CHECKING:
    from torch import Tensor

_HEADS_A_BLOCK = 128
_WARPS = 4


@triton.jit
def _rotate(
    qkv, cos, sin, position, tokens, width,
    dim: tl.constexpr, half: tl.constexpr, heads: tl.constexpr, block: tl.constexpr,
):  # fmt: skip
    token = tl.program_id(0) * block + tl.arange(0, block)
    inside = token < tokens
    place = tl.load(position + token, mask=inside, other=0)
    head = tl.arange(0, heads)
    pair = tl.arange(0, half)
    angle = place[:, None, None] * half + pair[None, None, :]
    c = tl.load(cos + angle)
    s = tl.load(sin + angle)
    part = tl.program_id(1)  # 0 for queries, 1 for keys
    at = token[:, None, None].to(tl.int64) * width + part * dim + head[None, :, None] * (2 * half) + pair[None, None, :]
    mask = inside[:, None, None]
    first = tl.load(qkv + at, mask=mask, other=0.0).to(tl.float32)
    second = tl.load(qkv + at + half, mask=mask, other=0.0).to(tl.float32)
    tl.store(qkv + at, (first * c - second * s).to(qkv.dtype.element_ty), mask=mask)
    tl.store(qkv + at + half, (second * c + first * s).to(qkv.dtype.element_ty), mask=mask)


def rotate(qkv: Tensor, cos: Tensor, sin: Tensor, position: Tensor, heads: int) -> None:
    """Rotate the first ``heads`` heads of queries and keys.

    qkv: (tokens, 3 * dim), queries, keys and values side by side; a head holds the first members of its pairs, then the
    second ones.  cos, sin: float32, (positions, head size / 2).  position: int32, (tokens,), each token's place in its
    row.  heads: a power of two.
    """
    tokens, width = qkv.shape
    half = cos.shape[1]
    block = max(1, _HEADS_A_BLOCK // heads)
    _rotate[(triton.cdiv(tokens, block), 2)](
        qkv, cos, sin, position, tokens, width, width // 3, half, heads, block, num_warps=_WARPS
    )
