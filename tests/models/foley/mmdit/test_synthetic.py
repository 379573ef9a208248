"""Invented denoisers are whole, random, and the same for a seed."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file

from greenroom.models.foley.architecture import PUBLISHED
from greenroom.models.foley.mmdit.synthetic import synthesise_denoiser, synthetic_denoiser, tiny
from greenroom.nn.quantised import QuantisedLayer
from greenroom.weights.fp8 import Fp8
from tests.models.foley.networks import TINY, denoiser_of


def test_no_weight_stands_at_zero() -> None:
    first, second = denoiser_of(), denoiser_of()
    for name, weight in first.named_parameters():
        assert (weight != 0).all(), name
        assert torch.equal(weight, second.get_parameter(name))
    assert not torch.equal(denoiser_of(seed=1).cond_in.linear_1.weight, first.cond_in.linear_1.weight)


def test_eight_bits_and_blocks_on_the_host_have_the_weights_of_the_same_seed() -> None:
    whole = denoiser_of()
    small = synthetic_denoiser(TINY, torch.device("cpu"), torch.float32, precision="fp8", resident=1)
    assert small.streaming.resident == 1
    small.streaming.keep(None)
    layer = small.get_submodule("triple_blocks.1.audio_mlp.fc1")
    assert isinstance(layer, QuantisedLayer)
    wanted = Fp8.rounded(whole.triples[1].audio_mlp.fc1.weight).dequantise(torch.float32)
    assert torch.equal(layer.dequantised(torch.float32), wanted)
    assert torch.equal(small.singles[0].modulation.linear.weight, whole.singles[0].modulation.linear.weight)


def test_the_type_that_weights_are_drawn_in_is_not_that_which_they_have() -> None:
    half = synthetic_denoiser(TINY, torch.device("cpu"), torch.bfloat16)
    wide = synthetic_denoiser(TINY, torch.device("cpu"), torch.float32, drawn=torch.bfloat16)
    for name, weight in wide.named_parameters():
        assert torch.equal(weight, half.get_parameter(name).float())


def test_a_file_has_the_published_names(tmp_path: Path) -> None:
    synthesise_denoiser(tmp_path / "a.safetensors", TINY)
    assert set(load_file(tmp_path / "a.safetensors")) == set(denoiser_of().state_dict())


def test_tiny_ones_have_blocks_that_are_the_last_and_that_are_not() -> None:
    for architecture in PUBLISHED.values():
        assert (tiny(architecture).triple, tiny(architecture).single) == (2, 2)
