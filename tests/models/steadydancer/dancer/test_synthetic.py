"""Invented dancers are whole, random, and the same for a seed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from greenroom.models.steadydancer.dancer.synthetic import synthesise_dancer, synthetic_dancer
from greenroom.nn.quantised import QuantisedLinear
from greenroom.weights.fp8 import Fp8
from tests.models.steadydancer.networks import TINY, dancer_of


def test_no_weight_stands_at_zero() -> None:
    first, second = dancer_of(), dancer_of()
    for name, weight in first.named_parameters():
        assert (weight != 0).all(), name
        assert torch.equal(weight, second.get_parameter(name))
    assert not torch.equal(dancer_of(seed=1).head.head.weight, first.head.head.weight)


@pytest.mark.parametrize("resident", [None, 1])
def test_eight_bits_and_blocks_on_the_host_have_the_weights_of_the_same_seed(resident: int | None) -> None:
    whole = dancer_of()
    small = synthetic_dancer(TINY, torch.device("cpu"), torch.float32, precision="fp8", resident=resident)
    assert small.streaming.resident == resident
    small.streaming.keep(None)
    layer = small.layers[1].ffn[0]
    assert isinstance(layer, QuantisedLinear)
    wanted = Fp8.rounded(whole.layers[1].ffn[0].get_parameter("weight")).dequantise(torch.float32)
    assert torch.equal(layer.dequantised(torch.float32), wanted)


def test_the_type_that_weights_are_drawn_in_is_not_that_which_they_have() -> None:
    half = synthetic_dancer(TINY, torch.device("cpu"), torch.bfloat16)
    wide = synthetic_dancer(TINY, torch.device("cpu"), torch.float32, drawn=torch.bfloat16)
    for name, weight in wide.named_parameters():
        assert torch.equal(weight, half.get_parameter(name).float())


def test_a_file_has_the_published_names(tmp_path: Path) -> None:
    synthesise_dancer(tmp_path / "a.safetensors", TINY)
    assert set(load_file(tmp_path / "a.safetensors")) == set(dancer_of().state_dict())
