"""Layers whose weight stays quantised and is dequantised at each call."""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.weights.contents import name_of
from greenroom.weights.fp8 import FP8, Fp8
from greenroom.weights.quantised import Quantised, block_bytes, block_elements, decode


class QuantisedLayer(nn.Module):
    """A weight in fp8 or GGUF blocks, as small as its file, and a bias. A cast of the module changes the bias alone.

    bias: (outputs,), or None.
    """

    stored: Tensor
    _scale: float | None

    def __init__(self, weight: Fp8 | Quantised, bias: Tensor | None = None) -> None:
        super().__init__()
        self._shape = weight.shape
        # As bytes, which stay what they are when a module is cast.
        if isinstance(weight, Fp8):
            scale = float(weight.scale)
            self._dtype, self._scale = name_of(weight.values.dtype), None if scale == 1 else scale
            self.register_buffer("stored", weight.values.view(torch.uint8).view(-1))
        else:
            self._dtype, self._scale = weight.dtype, None
            self.register_buffer("stored", weight.blocks.view(-1))
        self.bias = None if bias is None else nn.Parameter(bias, requires_grad=False)

    @property
    def size(self) -> int:
        """Bytes of the weight as it is kept, wherever it lies."""
        return prod(self._shape) // block_elements(self._dtype) * block_bytes(self._dtype)

    def dequantised(self, dtype: torch.dtype) -> Tensor:
        """The weight in a type, in memory of its own."""
        weight = torch.empty(self._shape, dtype=dtype, device=self.stored.device)
        if self.stored.is_cuda and self._dtype in FP8:
            from greenroom.nn.kernels import fp8 as kernel

            kernel.widen(self._dtype, self.stored, weight, 1.0 if self._scale is None else self._scale)
        else:
            decode(self._dtype, self.stored, weight.view(-1), self._scale)
        return weight


class QuantisedLinear(QuantisedLayer):
    """x Wᵀ + b with W of shape (outputs, inputs), dequantised in the type of x at each call."""

    def forward(self, x: Tensor) -> Tensor:
        """x: (..., inputs) to (..., outputs)."""
        return functional.linear(x, self.dequantised(x.dtype), self.bias)
