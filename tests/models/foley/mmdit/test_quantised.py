"""Layers in eight bits compute what the dequantised ones do."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from greenroom.models.foley.mmdit.mlp import GatedMLP, conv_gated, fuse_gates
from greenroom.models.foley.mmdit.quantised import QuantisedSequenceConv, small_weights, with_small_layers
from greenroom.models.foley.mmdit.sequence_conv import SequenceConv
from greenroom.models.foley.mmdit.single_block import SingleBlock
from greenroom.nn.quantised import QuantisedLinear
from greenroom.weights.fp8 import Fp8
from tests.models.foley.networks import TINY, normal


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("kernel", [1, 3])
def test_a_convolution_is_dequantised_in_the_type_of_its_input(kernel: int, dtype: torch.dtype) -> None:
    plain = SequenceConv(6, 5, kernel).requires_grad_(requires_grad=False)
    weight = Fp8.rounded(plain.weight)
    plain.weight.data = weight.dequantise(torch.float32)
    layer = QuantisedSequenceConv(weight, plain.bias).to(dtype)
    plain, x = plain.to(dtype), normal(2, 7, 6).to(dtype)
    assert (layer.stored.dtype, layer.stored.numel()) == (torch.uint8, 5 * 6 * kernel)
    assert layer.bias is not None
    near = 1e-6 if dtype == torch.float32 else 1e-2
    torch.testing.assert_close(layer(x), plain(x), atol=near, rtol=near)
    torch.testing.assert_close(layer.unbiased(x), plain.unbiased(x), atol=near, rtol=near)
    assert layer.dequantised(dtype).transpose(1, 2).transpose(1, 2).is_contiguous()  # channels lie innermost


def test_a_state_is_taken_over_piece_by_piece() -> None:
    block = SingleBlock(TINY).requires_grad_(requires_grad=False)
    names = {*small_weights(block)}
    given: dict[str, Tensor | Fp8] = {name: tensor.clone() for name, tensor in block.state_dict().items()}
    kept = Fp8(block.linear1.weight.to(torch.float8_e5m2), torch.tensor(0.5))
    given["linear1.weight"] = kept
    state = with_small_layers(block, given, names)
    assert not names & given.keys()
    block.load_state_dict(state, assign=True)
    assert isinstance(block.get_submodule("linear_qkv"), QuantisedLinear)
    conv = block.get_submodule("linear1")
    assert isinstance(conv, QuantisedSequenceConv)
    assert torch.equal(conv.dequantised(torch.float32).transpose(1, 2), kept.dequantise(torch.float32))
    assert isinstance(block.modulation.linear, nn.Linear)


def test_gates_in_eight_bits_are_not_made_one_layer() -> None:
    gated = conv_gated(6, 8, 3).requires_grad_(requires_grad=False)
    with_small_layers(gated, dict(gated.state_dict()), {*small_weights(gated)})
    fuse_gates(gated)
    assert isinstance(gated, GatedMLP)
    assert isinstance(gated.w1, QuantisedSequenceConv)
    assert gated.gates is None
    assert gated(normal(2, 7, 6)).shape == (2, 7, 6)
