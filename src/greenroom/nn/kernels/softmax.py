"""Softmax of scores into the weights that a product takes, for CUDA; see ``nn/wide_attention.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import triton
import triton.language as tl

if TYPE_CHECKING:
    from torch import Tensor

_TILE = 4096
_WARPS = 8


@triton.jit
def _softmax(scores, out, count, scale, tile: tl.constexpr):
    start = tl.program_id(0).to(tl.int64) * count
    place = tl.arange(0, tile)
    best = tl.full([tile], float("-inf"), tl.float32)
    total = tl.zeros([tile], tl.float32)
    for first in range(0, count, tile):
        score = tl.load(scores + start + first + place, mask=first + place < count, other=float("-inf")) * scale
        higher = tl.maximum(best, score)
        # A place that has seen nothing yet has nothing to fade.
        shown = tl.where(higher == float("-inf"), 0.0, higher)
        total = total * tl.exp2(best - shown) + tl.exp2(score - shown)
        best = higher
    most = tl.max(best, 0)
    whole = tl.sum(total * tl.exp2(best - most), 0)
    for first in range(0, count, tile):
        inside = first + place < count
        score = tl.load(scores + start + first + place, mask=inside, other=float("-inf")) * scale
        weight = tl.exp2(score - most) / whole
        tl.store(out + start + first + place, weight.to(out.dtype.element_ty), mask=inside)


def softmax(scores: Tensor, out: Tensor, scale: float) -> None:
    """Write the softmax of each row of ``scale * scores`` to ``out``; both are (rows, count), contiguous.

    scale: that of the exponent of two, the logarithm of e in it.
    """
    rows, count = scores.shape
    _softmax[(rows,)](scores, out, count, scale, _TILE, num_warps=_WARPS)
