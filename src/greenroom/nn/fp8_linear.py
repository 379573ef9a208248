"""Linear layers that multiply in eight bits: weights as they lie, activations rounded to eight bits row by row.

Tensor cores of compute capability 8.9 and later do twice the work in these types. What is lost is lost by the
activations: of each number three bits behind the point are left. Nobody gets this without asking.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.nn.norms import summing
from greenroom.weights.fp8 import Fp8

_E4M3 = torch.float8_e4m3fn
_CAPABILITY = (8, 9)
_TRIED = 256  # rows and columns

LARGEST = 448.0
"""Of e4m3's numbers."""

LEAST = 1e-12
"""What the largest number of a row is taken for if it is less, since a row is divided by it."""


class Rows(NamedTuple):
    """A matrix in eight bits. values: e4m3 (rows, width), contiguous.  scales: float32 (rows, 1), of each row."""

    values: Tensor
    scales: Tensor

    def of(self, rows: slice) -> Rows:
        """A run of rows."""
        return Rows(self.values[rows], self.scales[rows])

    def dequantised(self, dtype: torch.dtype) -> Tensor:
        """In another type, rounded once."""
        return (self.values.float() * self.scales).to(dtype)


def empty_rows(x: Tensor) -> Rows:
    """Memory for the rows of x."""
    return Rows(torch.empty(x.shape, dtype=_E4M3, device=x.device), x.new_empty(len(x), 1, dtype=torch.float32))


def rows_of(x: Tensor, *, gelu: bool = False) -> Rows:
    """Round each row by its largest number. x: (rows, width), contiguous.  gelu: of what its tanh form makes of x.

    On a GPU this is one pass.
    """
    if x.is_cuda:
        from greenroom.nn.kernels import fp8_rows

        rows = empty_rows(x)
        fp8_rows.round_rows(x, rows, gelu=gelu)
        return rows
    exact = x.to(summing(x.dtype))
    if gelu:
        exact = functional.gelu(exact, approximate="tanh")
    scales = exact.abs().amax(1, keepdim=True).clamp(min=LEAST).float() / LARGEST
    return Rows((exact / scales).to(_E4M3), scales)


class Fp8Linear(nn.Module):
    """x Wᵀ + b, with W (outputs, inputs) in e4m3 and one scale for all of it. Both sizes are multiples of 16.

    bias: (outputs,). The result has its type.
    """

    stored: Tensor
    scale: Tensor

    def __init__(self, weight: Fp8, bias: Tensor) -> None:
        super().__init__()
        if weight.values.dtype != _E4M3:
            weight = Fp8.rounded(weight.dequantise(torch.float32))
        # As bytes, which torch can move everywhere; the scale once for each output, which is how products take it.
        self.register_buffer("stored", weight.values.view(torch.uint8))
        self.register_buffer("scale", weight.scale.float().reshape(1, 1).expand(1, len(weight.values)).contiguous())
        self.bias = nn.Parameter(bias, requires_grad=False)

    def forward(self, x: Tensor | Rows) -> Tensor:
        """x: (rows, inputs), rounded here if it is not yet.  Returns (rows, outputs)."""
        values, scales = x if isinstance(x, Rows) else rows_of(x)
        weight = self.stored.view(_E4M3).t()
        product = _scaled if values.is_cuda else _dequantised
        return product(values, weight, scales, self.scale, self.bias)


def _scaled(values: Tensor, weight: Tensor, scales: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    # torch has had it under this name since 2.1; ``functional.scaled_mm``, which came with 2.10, takes enumerations.
    return torch._scaled_mm(values, weight, scales, scale, bias=bias, out_dtype=bias.dtype, use_fast_accum=True)


def _dequantised(values: Tensor, weight: Tensor, scales: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    """The same sums in float32."""
    return ((values.float() @ weight.float()) * scales * scale + bias).to(bias.dtype)


def can_multiply(device: torch.device) -> bool:
    """Whether a device multiplies in eight bits, or is the CPU, which computes the same the long way."""
    if device.type != "cuda":
        return True
    return torch.cuda.get_device_capability(device) >= _CAPABILITY and makes_products(device)


@cache
def makes_products(device: torch.device) -> bool:
    """Whether a product is made there: builds of torch differ in the cards that they have one with rows' scales for."""
    ones = torch.ones(_TRIED, _TRIED, dtype=torch.bfloat16, device=device)
    try:
        return bool(Fp8Linear(Fp8.rounded(ones), ones[0])(ones).isfinite().all())
    except torch.OutOfMemoryError:
        raise
    except RuntimeError:
        return False
