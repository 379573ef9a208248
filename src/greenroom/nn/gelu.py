"""A linear layer and the tanh form of a GELU (arXiv 1606.08415) behind it, without a pass of its own where that can be.

What lies between the two layers of an MLP is the largest tensor of a transformer.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def linear_gelu(layer: nn.Module, x: Tensor) -> Tensor:
    """What the layer gives of x, through the GELU. x: (tokens, inputs)."""
    if x.is_cuda and isinstance(layer, nn.Linear):
        # Where the product ends, before it is rounded; on the CPU this function has the exact form.
        out: Tensor = torch._addmm_activation(layer.bias, x, layer.weight.t(), use_gelu=True)
        return out
    made: Tensor = torch.ops.aten.gelu_(layer(x), approximate="tanh")
    return made
