"""Norm over the whole width and rotation of heads in one pass, in place; see ``nn/wide_heads.py``.

The rotation is of interleaved pairs (RoFormer, Su et al., 2021, arXiv 2104.09864, section 3.4.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import triton
import triton.language as tl

if TYPE_CHECKING:
    from torch import Tensor

    from greenroom.nn.rotary import RotaryTables

_WARPS = 8


@triton.jit
def _turn(
    x, weight, cos, sin, stride, eps,
    heads: tl.constexpr, padded: tl.constexpr, half: tl.constexpr, with_turn: tl.constexpr,
):  # fmt: skip
    size: tl.constexpr = 2 * half
    token = tl.program_id(0).to(tl.int64)
    head = tl.arange(0, padded)[:, None]
    inside = head < heads
    place = head * size + tl.arange(0, size)[None, :]
    at = x + token * stride + place
    y = tl.load(at, mask=inside, other=0.0).to(tl.float32)
    y *= tl.rsqrt(tl.sum(tl.sum(y * y, 1), 0) / (heads * size) + eps)
    y *= tl.load(weight + place, mask=inside, other=0.0).to(tl.float32)
    if with_turn:
        pair = token * half + tl.arange(0, half)
        c = tl.load(cos + pair)[None, :]
        s = tl.load(sin + pair)[None, :]
        even, odd = tl.split(tl.reshape(y, [padded, half, 2]))
        y = tl.reshape(tl.join(even * c - odd * s, odd * c + even * s), [padded, size])
    tl.store(at, y.to(x.dtype.element_ty), mask=inside)


def norm_turn(x: Tensor, weight: Tensor, eps: float, heads: int, tables: RotaryTables | None) -> None:
    """See ``greenroom.nn.wide_heads.norm_turn``. Numbers of a token lie side by side; the tables are contiguous."""
    tokens, width = x.shape
    cos, sin = (weight, weight) if tables is None else tables
    _turn[(tokens,)](
        x, weight, cos, sin, x.stride(0), eps,
        heads, triton.next_power_of_2(heads), width // heads // 2, tables is not None, num_warps=_WARPS,
    )  # fmt: skip
