"""Convolutions along a sequence whose channels lie innermost, as linear layers have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn
from torch.nn import functional

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


def convolved(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """x: (rows, tokens, inputs) to (rows, tokens, outputs).  weight: (outputs, inputs, kernel)."""
    if weight.shape[2] == 1:
        return functional.linear(x, weight[:, :, 0], bias)
    # A picture one pixel high: for these there are kernels that take channels as they lie.
    picture = x.transpose(1, 2).unsqueeze(2)
    out = functional.conv2d(picture, weight.unsqueeze(2), bias, padding=(0, weight.shape[2] // 2))
    return out.squeeze(2).transpose(1, 2).contiguous()


def lay_channels_innermost(network: nn.Module) -> None:
    """Lay the weights of all such convolutions out as these kernels read them. Shapes and values stay.

    Otherwise they would be laid out anew at every call. Each weight lies twice in memory for a moment.
    """
    for layer in network.modules():
        if isinstance(layer, SequenceConv):
            layer.weight.data = layer.weight.data.transpose(1, 2).contiguous().transpose(1, 2)
