"""What stands behind attention: a GELU in triple blocks, gates (SwiGLU, arXiv 2002.05202) elsewhere."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.models.foley.mmdit.sequence_conv import SequenceConv
from greenroom.nn.swiglu import swiglu, swiglu_halves

if TYPE_CHECKING:
    from collections.abc import Callable

_PAIR = 2  # of gates


class GeluMLP(nn.Module):
    """fc2(gelu(fc1(x))), GELU by its tanh form."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """x: (..., width)."""
        out: Tensor = self.fc2(activated(self.fc1(x)))
        return out


def activated(hidden: Tensor) -> Tensor:
    """A GELU by its tanh form."""
    return functional.gelu(hidden, approximate="tanh")


class GatedMLP(nn.Module):
    """w2(silu(w1(x)) * w3(x)), without biases; layer: makes one of the three from its widths.

    gates: w1 and w3 as one layer, behind ``fuse_gates``; the two are not there then.
    """

    def __init__(self, inputs: int, hidden: int, outputs: int, layer: Callable[[int, int], nn.Module]) -> None:
        super().__init__()
        self.w1 = layer(inputs, hidden)
        self.w2 = layer(hidden, outputs)
        self.w3 = layer(inputs, hidden)
        self.gates: nn.Module | None = None
        self._fused = partial(layer, inputs, 2 * hidden)

    def forward(self, x: Tensor) -> Tensor:
        """x: (rows, tokens, inputs)."""
        out: Tensor
        if self.gates is None:
            out = self.w2(swiglu(self.w1(x), self.w3(x)))
        elif isinstance(self.w2, SequenceConv):
            out = self.w2.of_unfolded(swiglu_halves(self.gates(x), self.w2.kernel_size[0]))
        else:
            out = self.w2(swiglu_halves(self.gates(x)))
        return out

    def fuse(self) -> None:
        """Make one layer of w1 and w3: x is read once, and one product is started. Quantised ones stay two."""
        if self.gates is not None:
            return
        pair = [layer.weight for layer in (self.w1, self.w3) if isinstance(layer, (nn.Linear, SequenceConv))]
        if len(pair) < _PAIR:
            return
        with torch.device("meta"):
            self.gates = self._fused()
        self.gates.weight = nn.Parameter(torch.cat(pair), requires_grad=False)
        del self.w1, self.w3


def fuse_gates(module: nn.Module) -> None:
    """Fuse all gated MLPs of a network, or of a block, for a GPU. Their names are no longer the published ones.

    w1 and w3 of each lie twice in memory for a moment.
    """
    for layer in module.modules():
        if isinstance(layer, GatedMLP):
            layer.fuse()


def linear_gated(inputs: int, hidden: int, outputs: int) -> GatedMLP:
    """Of linear layers."""
    return GatedMLP(inputs, hidden, outputs, partial(nn.Linear, bias=False))


def conv_gated(width: int, hidden: int, kernel: int) -> GatedMLP:
    """Of convolutions along the tokens."""
    return GatedMLP(width, hidden, width, partial(SequenceConv, kernel=kernel, bias=False))
