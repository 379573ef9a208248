"""Modulation by the formula."""

from __future__ import annotations

import torch
from torch.nn import functional

from greenroom.models.foley.mmdit.modulation import Modulation, by_layer
from tests.models.foley.networks import normal


def test_vectors_come_layer_by_layer() -> None:
    layer, condition = Modulation(8, 2), normal(3, 8)
    plain = layer.linear(functional.silu(condition)).chunk(6, dim=-1)
    own, mlp = by_layer(layer(condition))
    for ours, wanted in zip((*own, *mlp), plain, strict=True):
        assert torch.equal(ours, wanted)
