"""A grouped convolution along packed rows, with Mish behind it: no row sees its neighbour.

Libraries run a convolution of sixteen groups far below the chip's rate; as a sum of small matrix products, one a tap,
it runs on the tensor cores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import triton
import triton.language as tl

if TYPE_CHECKING:
    from torch import Tensor


@triton.jit
def _convolve(
    x, weight, bias, residual, out, position, length, tokens,
    dim: tl.constexpr, size: tl.constexpr, taps: tl.constexpr, block: tl.constexpr, with_residual: tl.constexpr,
):  # fmt: skip
    token = tl.program_id(0) * block + tl.arange(0, block)
    group = tl.program_id(1)
    inside = token < tokens
    place = tl.load(position + token, mask=inside, other=-taps)
    longest = tl.load(length + token, mask=inside, other=0)
    channel = tl.arange(0, size)
    total = tl.zeros([block, size], tl.float32)
    for tap in range(taps):
        shift = tap - taps // 2
        there = (place + shift >= 0) & (place + shift < longest)
        at = x + (token + shift).to(tl.int64)[:, None] * dim + group * size + channel[None, :]
        values = tl.load(at, mask=there[:, None], other=0.0)
        kernel = weight + ((tap * (dim // size) + group) * size + channel[:, None]) * size + channel[None, :]
        total = tl.dot(values, tl.load(kernel), total)
    total += tl.load(bias + group * size + channel)[None, :].to(tl.float32)
    # Mish: x tanh(log(1 + e^x)), written so that nothing overflows.
    e = tl.exp(-tl.abs(total))
    square = tl.where(total >= 0, 1 + 2 * e, e * e + 2 * e)
    total *= square / (square + tl.where(total >= 0, 2 * e * e, 2.0))
    total = tl.where((place < longest)[:, None], total, 0.0)
    at = token.to(tl.int64)[:, None] * dim + group * size + channel[None, :]
    if with_residual:
        total += tl.load(residual + at, mask=inside[:, None], other=0.0).to(tl.float32)
    tl.store(out + at, total.to(out.dtype.element_ty), mask=inside[:, None])


def convolve_mish(
    x: Tensor, weight: Tensor, bias: Tensor, out: Tensor, position: Tensor, length: Tensor,
    residual: Tensor | None = None,
) -> None:  # fmt: skip
    """out = mish(conv(x)) (+ residual), 'same' padding, each row for itself.

    x, residual, out: (tokens, dim), half precision, contiguous; out is neither x nor overlaps it.  weight: (taps,
    groups, in, out), see ``taps_first``.  bias: (dim,).  position, length: int32, (tokens,), each token's place in its
    row and that row's length, 0 for padding.
    """
    tokens, dim = x.shape
    taps, groups, size, _ = weight.shape
    block = 64
    _convolve[(triton.cdiv(tokens, block), groups)](
        x, weight, bias, x if residual is None else residual, out, position, length, tokens,
        dim, size, taps, block, residual is not None, num_warps=4, num_stages=3,
    )  # fmt: skip


def taps_first(weight: Tensor, groups: int) -> Tensor:
    """A convolution's weight (out, in / groups, taps) as (taps, groups, in / groups, out / groups)."""
    out, size, taps = weight.shape
    return weight.view(groups, out // groups, size, taps).permute(3, 0, 2, 1).contiguous()
