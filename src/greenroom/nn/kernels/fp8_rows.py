"""Rows to eight bits, each by its largest number, through a GELU where it is asked for; see ``nn/fp8_linear.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import triton
import triton.language as tl

from greenroom.nn.fp8_linear import LARGEST, LEAST

if TYPE_CHECKING:
    from torch import Tensor

    from greenroom.nn.fp8_linear import Rows

_WARPS = 16


@triton.jit
def _round(x, values, scales, width, largest, least, padded: tl.constexpr, gelu: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    channel = tl.arange(0, padded)
    inside = channel < width
    y = tl.load(x + row * width + channel, mask=inside, other=0.0).to(tl.float32)
    if gelu:
        # 1 + tanh(u) is twice the logistic function of 2 u; beyond e to the 80 nothing is left of it.
        y = y / (1.0 + tl.exp(tl.minimum(-1.5957691216057308 * (y + 0.044715 * y * y * y), 80.0)))
    scale = tl.maximum(tl.max(tl.abs(y), 0), least) / largest
    tl.store(scales + row, scale)
    tl.store(values + row * width + channel, (y / scale).to(values.dtype.element_ty), mask=inside)


def round_rows(x: Tensor, rows: Rows, *, gelu: bool) -> None:
    """Write the rows of x, which is contiguous."""
    count, width = x.shape
    _round[(count,)](
        x, rows.values, rows.scales, width, LARGEST, LEAST, triton.next_power_of_2(width), gelu, num_warps=_WARPS
    )
