"""Attention over packed rows: every row attends to itself alone, whatever lies beside it.

The loop is FlashAttention's (Dao, 2023, arXiv 2307.08691, section 3.1): keys and values stream past a tile of queries,
with a running maximum and sum, so that scores never leave the chip. Accumulation is in float32.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import triton
import triton.language as tl

if TYPE_CHECKING:
    from torch import Tensor

_KEYS = 64


@triton.jit
def _attend(
    qkv, out, tile_row, tile_first, row_start, row_length, scale,
    heads: tl.constexpr, size: tl.constexpr, queries: tl.constexpr, keys: tl.constexpr,
):  # fmt: skip
    tile = tl.program_id(1)
    head = tl.program_id(0)
    row = tl.load(tile_row + tile)
    if row < 0:
        return
    first = tl.load(tile_first + tile)
    start = tl.load(row_start + row).to(tl.int64)
    length = tl.load(row_length + row)
    width: tl.constexpr = 3 * heads * size
    base = qkv + start * width + head * size
    query = first + tl.arange(0, queries)
    key = tl.arange(0, keys)
    channel = tl.arange(0, size)
    q = tl.load(base + query[:, None] * width + channel[None, :], mask=query[:, None] < length, other=0.0)
    k_at = base + heads * size + key[None, :] * width + channel[:, None]
    v_at = base + 2 * heads * size + key[:, None] * width + channel[None, :]
    best = tl.full([queries], float("-inf"), tl.float32)
    total = tl.zeros([queries], tl.float32)
    mixed = tl.zeros([queries, size], tl.float32)
    whole = length // keys * keys
    for _ in tl.range(0, whole, keys):
        score = tl.dot(q, tl.load(k_at))
        higher = tl.maximum(best, tl.max(score, 1) * scale)
        weight = tl.exp2(score * scale - higher[:, None])
        fade = tl.exp2(best - higher)
        total = total * fade + tl.sum(weight, 1)
        mixed = tl.dot(weight.to(q.dtype), tl.load(v_at), mixed * fade[:, None])
        best = higher
        k_at += keys * width
        v_at += keys * width
    if whole < length:
        inside = whole + key < length
        score = tl.dot(q, tl.load(k_at, mask=inside[None, :], other=0.0))
        score = tl.where(inside[None, :], score * scale, float("-inf"))
        higher = tl.maximum(best, tl.max(score, 1))
        weight = tl.exp2(score - higher[:, None])
        fade = tl.exp2(best - higher)
        total = total * fade + tl.sum(weight, 1)
        values = tl.load(v_at, mask=inside[:, None], other=0.0)
        mixed = tl.dot(weight.to(q.dtype), values, mixed * fade[:, None])
    mixed = mixed / total[:, None]
    at = out + (start + query[:, None]) * (heads * size) + head * size + channel[None, :]
    tl.store(at, mixed.to(q.dtype), mask=query[:, None] < length)


def attend(
    qkv: Tensor, out: Tensor, tile_row: Tensor, tile_first: Tensor, row_start: Tensor, row_length: Tensor,
    *, heads: int, size: int, queries: int,
) -> None:  # fmt: skip
    """Attention of each row over itself, scores scaled by ``size ** -0.5``, into ``out``.

    qkv: (tokens, 3 * heads * size), queries, keys and values side by side.  out: (tokens, heads * size); tokens of no
    row are left as they are.  tile_row, tile_first: int32 (tiles,), the row that a tile of ``queries`` belongs to, -1
    for none, and its first query.  row_start, row_length: int32 (rows,), a row's first token and how many it has.
    size: 16 or a larger power of two.
    """
    scale = size**-0.5 * math.log2(math.e)
    _attend[(heads, tile_row.numel())](
        qkv, out, tile_row, tile_first, row_start, row_length, scale,
        heads, size, queries, _KEYS, num_warps=4, num_stages=3,
    )  # fmt: skip
