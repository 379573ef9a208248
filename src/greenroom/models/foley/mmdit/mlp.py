"""What stands behind attention: a GELU in triple blocks, gates (SwiGLU, arXiv 2002.05202) elsewhere."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn import functional

from greenroom.models.foley.mmdit.sequence_conv import SequenceConv
from greenroom.nn.swiglu import swiglu

if TYPE_CHECKING:
    from collections.abc import Callable


class GeluMLP(nn.Module):
    """fc2(gelu(fc1(x))), GELU by its tanh form."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """x: (..., width)."""
        out: Tensor = self.fc2(functional.gelu(self.fc1(x), approximate="tanh"))
        return out


class GatedMLP(nn.Module):
    """w2(silu(w1(x)) * w3(x)), without biases; layer: makes one of the three from its widths."""

    def __init__(self, inputs: int, hidden: int, outputs: int, layer: Callable[[int, int], nn.Module]) -> None:
        super().__init__()
        self.w1 = layer(inputs, hidden)
        self.w2 = layer(hidden, outputs)
        self.w3 = layer(inputs, hidden)

    def forward(self, x: Tensor) -> Tensor:
        """x: (rows, tokens, inputs)."""
        out: Tensor = self.w2(swiglu(self.w1(x), self.w3(x)))
        return out


def linear_gated(inputs: int, hidden: int, outputs: int) -> GatedMLP:
    """Of linear layers."""
    return GatedMLP(inputs, hidden, outputs, partial(nn.Linear, bias=False))


def conv_gated(width: int, hidden: int, kernel: int) -> GatedMLP:
    """Of convolutions along the tokens."""
    return GatedMLP(width, hidden, width, partial(SequenceConv, kernel=kernel, bias=False))
