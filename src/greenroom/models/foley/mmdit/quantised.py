"""Blocks whose linear and convolution layers stay in eight bits, and are dequantised at each call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from greenroom.models.foley.mmdit.sequence_conv import SequenceConv, convolved
from greenroom.nn.quantised import QuantisedLayer, QuantisedLinear
from greenroom.weights.fp8 import Fp8

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

# Modulation is a scale of all channels: what it loses, everything loses. Of triple blocks it is not on the device.
_WHOLE = ("modulation.", "audio_mod.", "v_cond_mod.")


class QuantisedSequenceConv(QuantisedLayer):
    """As ``SequenceConv``, dequantised in the type of x at each call. Its channels lie innermost."""

    def __init__(self, weight: Fp8, bias: Tensor | None = None) -> None:
        """weight: (outputs, inputs, kernel)."""
        # As bytes, which torch can move everywhere.
        innermost = weight.values.view(torch.uint8).transpose(1, 2).contiguous()
        super().__init__(Fp8(innermost.view(weight.values.dtype), weight.scale), bias)

    def forward(self, x: Tensor) -> Tensor:
        """x: (rows, tokens, inputs) to (rows, tokens, outputs)."""
        return convolved(x, self.dequantised(x.dtype).transpose(1, 2), self.bias)

    def unbiased(self, x: Tensor) -> Tensor:
        """See ``SequenceConv``."""
        return convolved(x, self.dequantised(x.dtype).transpose(1, 2), None)


def small_weights(block: nn.Module) -> Iterator[str]:
    """The names of a block's weights that may be in eight bits."""
    for name, layer in block.named_modules():
        if isinstance(layer, (nn.Linear, SequenceConv)) and not name.startswith(_WHOLE):
            yield f"{name}.weight"


def with_small_layers(block: nn.Module, state: dict[str, Tensor | Fp8], small: Container[str]) -> dict[str, Tensor]:
    """Put a layer for each weight that is to be in eight bits into a block, and give its state then.

    state: of the block; what is not in eight bits there and is to be is rounded, and taken out, so that no two copies
    of the block are there.  small: the names of these weights.
    """
    whole = {name: value for name, value in state.items() if name not in small and isinstance(value, Tensor)}
    for name in [name for name in state if name in small]:
        weight, layer = state.pop(name), name.removesuffix(".weight")
        value = Fp8.rounded(weight) if isinstance(weight, Tensor) else weight
        bias = whole[f"{layer}.bias"] if f"{layer}.bias" in state else None
        kind = QuantisedSequenceConv if isinstance(block.get_submodule(layer), SequenceConv) else QuantisedLinear
        made = kind(value, bias)
        block.set_submodule(layer, made)
        whole |= {f"{layer}.{own}": tensor for own, tensor in made.state_dict().items()}
    return whole
