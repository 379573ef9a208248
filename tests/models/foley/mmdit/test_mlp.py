"""MLPs by their formulas."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from greenroom.models.foley.mmdit.mlp import GeluMLP, conv_gated, fuse_gates, linear_gated
from greenroom.models.foley.mmdit.sequence_conv import lay_channels_innermost
from tests.models.foley.networks import normal


@torch.no_grad()
def test_gelu_is_by_its_tanh_form() -> None:
    layer, x = GeluMLP(8, 32), normal(2, 3, 8)
    inner = layer.fc1(x)
    tanh = 0.5 * inner * (1 + torch.tanh((2 / torch.pi) ** 0.5 * (inner + 0.044715 * inner**3)))
    torch.testing.assert_close(layer(x), layer.fc2(tanh))
    assert not torch.equal(layer(x), layer.fc2(functional.gelu(inner)))


@torch.no_grad()
def test_gates_of_linear_layers_and_of_convolutions() -> None:
    for layer in (linear_gated(8, 16, 12), conv_gated(8, 16, 3)):
        x = normal(2, 5, 8)
        wanted = layer.w2(functional.silu(layer.w1(x)) * layer.w3(x))
        torch.testing.assert_close(layer(x), wanted)
        assert sorted(layer.state_dict()) == ["w1.weight", "w2.weight", "w3.weight"]


@torch.no_grad()
def test_fused_gates_are_one_layer_and_give_the_same() -> None:
    for layer in (linear_gated(8, 16, 12), conv_gated(8, 16, 3), conv_gated(8, 16, 1)):
        x, before = normal(2, 5, 8), sum(parameter.numel() for parameter in layer.parameters())
        wanted = layer(x)
        fuse_gates(nn.Sequential(layer))
        assert sorted(layer.state_dict()) == ["gates.weight", "w2.weight"]
        assert sum(parameter.numel() for parameter in layer.parameters()) == before
        lay_channels_innermost(layer)
        torch.testing.assert_close(layer(x), wanted)
        fuse_gates(layer)  # once is enough
        torch.testing.assert_close(layer(x), wanted)


@torch.no_grad()
def test_gates_of_another_kind_stay_two() -> None:
    """As quantised ones do."""
    layer, x = conv_gated(8, 16, 3), normal(2, 5, 8)
    wanted = layer(x)
    layer.w3 = nn.Sequential(layer.w3)
    fuse_gates(layer)
    assert layer.gates is None
    torch.testing.assert_close(layer(x), wanted)
