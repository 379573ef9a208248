"""MLPs by their formulas."""

from __future__ import annotations

import torch
from torch.nn import functional

from greenroom.models.foley.mmdit.mlp import GeluMLP, conv_gated, linear_gated
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
