"""Norm, rotation and placing of heads in one pass over queries, keys and values; see ``nn/heads.py``.

The rotation is of interleaved pairs (RoFormer, Su et al., 2021, arXiv 2104.09864, section 3.4.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import triton
import triton.language as tl

if TYPE_CHECKING:
    from torch import Tensor

    from greenroom.nn.heads import Placement

_TOKENS = 8  # of a program, which goes through heads one after another with the same angles
_HEADS = 4  # of a program, where all would leave parts of a GPU without one
_FEW = 1024  # programs
_WARPS = 4


# How many tokens there are, and where a stream's begin, differs from clip to clip, and no read or write of a head
# depends on it: one variant serves all, compiled when the network is warmed up.
@triton.jit(do_not_specialize=["turns", "places", "tokens", "rows"])
def _place(
    qkv, query_weight, key_weight, cos, sin, turns, places, out, tokens, rows, eps,
    parts: tl.constexpr, heads: tl.constexpr, each: tl.constexpr, half: tl.constexpr, block: tl.constexpr,
):  # fmt: skip
    size: tl.constexpr = 2 * half
    width: tl.constexpr = heads * size
    token = tl.program_id(0) * block + tl.arange(0, block)
    part = tl.program_id(1)  # 0 for queries, 1 for keys, 2 for values
    inside = (token < tokens)[:, None]
    place = tl.load(places + token, mask=token < tokens, other=0)
    turn = tl.load(turns + token, mask=token < tokens, other=0)
    channel = tl.arange(0, size)
    angle = turn[:, None] * half + tl.arange(0, half)[None, :]
    c = tl.load(cos + angle)
    s = tl.load(sin + angle)
    weight = tl.where(
        part == 0, tl.load(query_weight + channel).to(tl.float32), tl.load(key_weight + channel).to(tl.float32)
    )
    read = qkv + (token.to(tl.int64) * parts + part)[:, None] * width + channel[None, :]
    write = out + (part.to(tl.int64) * rows + place)[:, None] * width + channel[None, :]
    first = tl.program_id(2) * each
    for head in range(first, tl.minimum(first + each, heads)):
        x = tl.load(read + head * size, mask=inside, other=0.0).to(tl.float32)
        if part < 2:
            x = x * tl.rsqrt(tl.sum(x * x, 1) / size + eps)[:, None] * weight[None, :]
            even, odd = tl.split(tl.reshape(x, [block, half, 2]))
            x = tl.reshape(tl.join(even * c - odd * s, odd * c + even * s), [block, size])
        tl.store(write + head * size, x.to(out.dtype.element_ty), mask=inside)


def place_heads(
    qkv: Tensor, query_weight: Tensor, key_weight: Tensor, eps: float, placement: Placement, out: Tensor
) -> None:
    """See ``greenroom.nn.heads.place_heads``. All are contiguous."""
    tokens = len(qkv)
    parts, rows, heads, size = out.shape
    blocks = triton.cdiv(tokens, _TOKENS)
    each = heads if blocks * parts >= _FEW else min(heads, _HEADS)
    _place[(blocks, parts, triton.cdiv(heads, each))](
        qkv, query_weight, key_weight, *placement.tables, placement.turns, placement.places, out, tokens, rows, eps,
        parts, heads, each, size // 2, _TOKENS, num_warps=_WARPS,
    )  # fmt: skip
