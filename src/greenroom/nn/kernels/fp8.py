"""Weights of eight bits to a wider type in one pass; see ``nn/quantised.py``.

By their bits, since cards before compute capability 8.9 have no instructions for the types: as the high bits of a
float16, which holds e5m2 as it is, and e4m3 two to the eighth too small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import triton
import triton.language as tl

if TYPE_CHECKING:
    from torch import Tensor

_TILE = 8192
_WARPS = 8
_E5M2 = "float8_e5m2"
_SHORT = 256.0


@triton.jit
def _widen(stored, out, scale, count, tile: tl.constexpr, e5m2: tl.constexpr):
    at = tl.program_id(0).to(tl.int64) * tile + tl.arange(0, tile)
    inside = at < count
    bits = tl.load(stored + at, mask=inside, other=0).to(tl.int32)
    half = bits << 8 if e5m2 else ((bits & 0x80) << 8) | ((bits & 0x7F) << 7)
    x = half.to(tl.uint16).to(tl.float16, bitcast=True).to(tl.float32) * scale
    tl.store(out + at, x.to(out.dtype.element_ty), mask=inside)


def widen(dtype: str, stored: Tensor, out: Tensor, scale: float) -> None:
    """Write numbers times a scale, as ``weights.quantised.decode`` does.

    dtype: ``float8_e4m3fn`` or ``float8_e5m2``.  stored: uint8, contiguous, without NaN.  out: contiguous, as many.
    """
    count = stored.numel()
    e5m2 = dtype == _E5M2
    by = scale if e5m2 else scale * _SHORT
    _widen[(triton.cdiv(count, _TILE),)](stored, out, by, count, _TILE, e5m2, num_warps=_WARPS)
