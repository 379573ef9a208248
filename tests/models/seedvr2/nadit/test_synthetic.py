"""Invented transformers are whole, random, and the same for a seed."""

from __future__ import annotations

import pytest
import torch

from greenroom.models.seedvr2.architecture import PUBLISHED, Architecture
from greenroom.models.seedvr2.nadit.synthetic import synthetic_prompt, tiny
from tests.models.seedvr2.networks import BOTH, network_of


@pytest.mark.parametrize("architecture", BOTH, ids=lambda a: a.name)
def test_no_weight_stands_at_zero(architecture: Architecture) -> None:
    first, second = network_of(architecture), network_of(architecture)
    for name, weight in first.named_parameters():
        assert (weight != 0).all(), name
        assert torch.equal(weight, second.get_parameter(name))
    assert not torch.equal(network_of(architecture, 1).txt_in.weight, first.txt_in.weight)


def test_tiny_ones_are_of_the_same_kind() -> None:
    for architecture in PUBLISHED.values():
        small = tiny(architecture)
        assert small.design == architecture.design
        assert [small.has_own_text(small.layers - 1), small.modulates_text(small.layers - 1)] == [
            architecture.has_own_text(architecture.layers - 1),
            architecture.modulates_text(architecture.layers - 1),
        ]


def test_a_prompt_is_as_long_as_the_makers() -> None:
    assert synthetic_prompt(PUBLISHED["seedvr2-3b"]).shape == (58, 5120)
