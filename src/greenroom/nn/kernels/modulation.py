"""Adaptive layer norm over packed rows, fused with the gated residual before it.

The arithmetic is DiT's adaLN-Zero (Peebles and Xie, 2023, arXiv 2212.09748, section 3.2): a branch's output is scaled
by a gate and added to the stream, which is then normed without affine and scaled and shifted for the next branch. One
pass reads and writes the stream once, where separate operations read it four times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import triton
import triton.language as tl

if TYPE_CHECKING:
    from torch import Tensor

_EPS = 1e-6
_WARPS = 4


@triton.jit
def _norm(
    stream, branch, out, table, step, table_width, gate, scale, shift, eps,
    dim: tl.constexpr, with_branch: tl.constexpr,
):  # fmt: skip
    at = tl.program_id(0).to(tl.int64) * dim + tl.arange(0, dim)
    row = table + tl.load(step).to(tl.int64) * table_width + tl.arange(0, dim)
    x = tl.load(stream + at).to(tl.float32)
    if with_branch:
        x += tl.load(row + gate) * tl.load(branch + at).to(tl.float32)
        x = x.to(stream.dtype.element_ty).to(tl.float32)
        tl.store(stream + at, x.to(stream.dtype.element_ty))
    x -= tl.sum(x, 0) / dim
    x *= tl.rsqrt(tl.sum(x * x, 0) / dim + eps)
    x = x * (1 + tl.load(row + scale)) + tl.load(row + shift)
    tl.store(out + at, x.to(out.dtype.element_ty))


def norm_modulate(
    stream: Tensor, out: Tensor, table: Tensor, step: Tensor, *, scale: int, shift: int,
    branch: Tensor | None = None, gate: int = 0,
) -> None:  # fmt: skip
    """Add ``gate * branch`` to the stream, if there is a branch, then norm and modulate the stream into ``out``.

    stream, branch, out: (tokens, dim), half precision, contiguous; dim is a power of two.  table: float32, (steps,
    width), what modulates at each time.  step: int32 scalar on the device, the table's row.  gate, scale, shift: the
    columns at which the vectors of ``dim`` begin.
    """
    tokens, dim = stream.shape
    _norm[(tokens,)](
        stream, stream if branch is None else branch, out, table, step, table.shape[1], gate, scale, shift, _EPS,
        dim, branch is not None, num_warps=_WARPS,
    )  # fmt: skip
