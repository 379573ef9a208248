"""Blocks whose matrices stay in eight bits, or in a file's own blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from greenroom.models.steadydancer.dancer.precision import PRODUCTS
from greenroom.nn.fp8_linear import Fp8Linear
from greenroom.nn.quantised import QuantisedLinear
from greenroom.weights.fp8 import Fp8

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from greenroom.models.steadydancer.dancer.block import Block
    from greenroom.models.steadydancer.lora.loading import Kept


def matrices(block: Block) -> dict[str, nn.Linear]:
    """The ten square layers and the two of the MLP, by their names."""
    return {name: layer for name, layer in block.named_modules() if isinstance(layer, nn.Linear)}


def with_small_layers(block: Block, state: dict[str, Kept], precision: str) -> dict[str, Tensor]:
    """Put layers of a precision into a block, and give its state then.

    state: of the block; matrices are taken out of it one by one, so that no two copies of the block are there. Those
    that are not small yet are rounded.
    """
    multiplying = _multiplying(block) if precision == PRODUCTS else ()
    for name in matrices(block):
        weight = state.pop(f"{name}.weight")
        made = _layer(weight, _bias(state, name), multiplies=name in multiplying)
        block.set_submodule(name, made)
        state |= {f"{name}.{own}": tensor for own, tensor in made.state_dict().items()}
    return {name: value for name, value in state.items() if isinstance(value, Tensor)}


def _multiplying(block: Block) -> Container[str]:
    """All but what is asked once for a job, of a few hundred tokens."""
    apart = set(block.cross_attn.hearing)
    return {name for name, layer in matrices(block).items() if layer not in apart}


def _layer(weight: Kept, bias: Tensor, *, multiplies: bool) -> nn.Module:
    if multiplies:
        dense = weight if isinstance(weight, (Tensor, Fp8)) else weight.dequantise(torch.float32)
        return Fp8Linear(Fp8.rounded(dense) if isinstance(dense, Tensor) else dense, bias)
    return QuantisedLinear(Fp8.rounded(weight) if isinstance(weight, Tensor) else weight, bias)


def _bias(state: Mapping[str, Kept], name: str) -> Tensor:
    bias = state[f"{name}.bias"]
    assert isinstance(bias, Tensor)  # noqa: S101 - only matrices are kept small, see ``matrices``
    return bias
