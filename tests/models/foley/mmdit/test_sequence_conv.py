"""Convolutions with channels innermost are those of torch."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from greenroom.models.foley.mmdit.sequence_conv import SequenceConv, lay_channels_innermost
from tests.models.foley.networks import normal


@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("bias", [True, False])
def test_it_is_the_convolution(kernel: int, *, bias: bool) -> None:
    layer, x = SequenceConv(12, 20, kernel, bias=bias), normal(3, 7, 12)
    wanted = functional.conv1d(x.transpose(1, 2), layer.weight, layer.bias, padding=kernel // 2).transpose(1, 2)
    torch.testing.assert_close(layer(x), wanted)
    lay_channels_innermost(layer)
    torch.testing.assert_close(layer(x), wanted)
    torch.testing.assert_close(layer.unbiased(x), wanted if layer.bias is None else wanted - layer.bias)


def test_laid_out_anew_a_weight_has_its_shape_and_values() -> None:
    layer = SequenceConv(12, 20, 3)
    before = layer.weight.detach().clone()
    lay_channels_innermost(layer)
    assert torch.equal(layer.weight, before)
    assert layer.weight.unsqueeze(2).is_contiguous(memory_format=torch.channels_last)
    assert layer.state_dict()["weight"].shape == (20, 12, 3)


def test_its_output_lies_as_a_linear_layers() -> None:
    layer = SequenceConv(12, 20, 3)
    lay_channels_innermost(layer)
    assert layer(normal(3, 7, 12)).is_contiguous()
