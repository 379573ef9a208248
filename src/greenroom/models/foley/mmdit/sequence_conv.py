"""Convolutions along a sequence whose channels lie innermost, as linear layers have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn
from torch.nn import functional

from greenroom.nn.unfolding import unfolded

if TYPE_CHECKING:
    from torch import Tensor


class SequenceConv(nn.Conv1d):
    """As many tokens out as in; beyond both ends are zeros. Its weight is (outputs, inputs, kernel), as published."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, bias: bool = True) -> None:
        super().__init__(inputs, outputs, kernel, padding=kernel // 2, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """x: (rows, tokens, inputs) to (rows, tokens, outputs)."""
        return convolved(x, self.weight, self.bias)

    def unbiased(self, x: Tensor) -> Tensor:
        """The same without its bias, for whoever adds that with something else: here it would be a pass of its own."""
        return convolved(x, self.weight, None)

    def of_unfolded(self, beside: Tensor) -> Tensor:
        """The same of tokens that stand beside their neighbours already: (rows, tokens, kernel * inputs)."""
        return _product(beside, self.weight, self.bias)


def convolved(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """x: (rows, tokens, inputs) to (rows, tokens, outputs).  weight: (outputs, inputs, kernel).

    Of a weight whose channels lie innermost it is one matrix product: on an H200 it takes 0.4 to 0.8 of cuDNN's time
    for a clip of 8 s, and 0.4 to 1.0 for a minute (``benchmarks/foley_convolutions.py``).
    """
    kernel = weight.shape[2]
    if kernel == 1:
        return functional.linear(x, weight[:, :, 0], bias)
    if weight.transpose(1, 2).is_contiguous():
        return _product(unfolded(x, kernel), weight, bias)
    # A picture one pixel high: for these there are kernels that take channels as they lie.
    picture = x.transpose(1, 2).unsqueeze(2)
    out = functional.conv2d(picture, weight.unsqueeze(2), bias, padding=(0, kernel // 2))
    return out.squeeze(2).transpose(1, 2).contiguous()


def _product(beside: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    return functional.linear(beside, weight.transpose(1, 2).flatten(1), bias)


def lay_channels_innermost(network: nn.Module) -> None:
    """Lay the weights of all such convolutions out for ``convolved`` to be a product. Shapes and values stay.

    Each weight lies twice in memory for a moment.
    """
    for layer in network.modules():
        if isinstance(layer, SequenceConv):
            layer.weight.data = layer.weight.data.transpose(1, 2).contiguous().transpose(1, 2)
