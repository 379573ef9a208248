"""Networks of another library, made without memory."""

from __future__ import annotations

import sys

import pytest
import torch
from torch import nn

from greenroom.errors import ExtraMissing
from greenroom.models.borrowed import filled, shapes_in_file, without_memory


class Borrowed(nn.Module):
    """Has a table, as the library's networks do."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 3)
        self.register_buffer("position_ids", torch.arange(5)[None], persistent=False)


def test_weights_come_from_outside_and_tables_by_formula() -> None:
    network = without_memory(Borrowed)
    assert all(weight.is_meta for weight in network.parameters())
    assert shapes_in_file(network) == {"layer.weight": (3, 2), "layer.bias": (3,)}
    given = {"layer.weight": torch.ones(3, 2), "layer.bias": torch.zeros(3)}
    made = filled(network, given)
    assert torch.equal(made.get_buffer("position_ids"), torch.arange(5)[None])
    assert torch.equal(made.get_parameter("layer.weight"), given["layer.weight"])
    assert not made.training
    assert not any(weight.requires_grad for weight in made.parameters())


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)

    def make() -> nn.Module:
        from transformers import CLIPVisionModel

        network: nn.Module = CLIPVisionModel()
        return network

    with pytest.raises(ExtraMissing, match="transformers"):
        without_memory(make)
