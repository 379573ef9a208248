"""A linear layer whose weight stays quantised and is dequantised at each call."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.weights.contents import name_of
from greenroom.weights.fp8 import Fp8
from greenroom.weights.quantised import Quantised, decode


class QuantisedLinear(nn.Module):
    """x Wᵀ + b with W in fp8 or GGUF blocks: as small as its file, and dequantised in the type of x at each call.

    weight: of shape (outputs, inputs).  bias: (outputs,), or None. A cast of the module changes the bias alone.
    """

    stored: Tensor
    _scale: float | None

    def __init__(self, weight: Fp8 | Quantised, bias: Tensor | None = None) -> None:
        super().__init__()
        self._outputs, self._inputs = weight.shape
        # As bytes, which stay what they are when a module is cast.
        if isinstance(weight, Fp8):
            scale = float(weight.scale)
            self._dtype, self._scale = name_of(weight.values.dtype), None if scale == 1 else scale
            self.register_buffer("stored", weight.values.view(torch.uint8).view(-1))
        else:
            self._dtype, self._scale = weight.dtype, None
            self.register_buffer("stored", weight.blocks.view(-1))
        self.bias = None if bias is None else nn.Parameter(bias, requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """x: (..., inputs) to (..., outputs)."""
        weight = torch.empty(self._outputs, self._inputs, dtype=x.dtype, device=x.device)
        decode(self._dtype, self.stored, weight.view(-1), self._scale)
        return functional.linear(x, weight, self.bias)
