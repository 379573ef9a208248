"""Invented denoisers are whole, random, and the same for a seed."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file

from greenroom.models.foley.architecture import PUBLISHED
from greenroom.models.foley.mmdit.synthetic import synthesise_denoiser, tiny
from tests.models.foley.networks import TINY, denoiser_of


def test_no_weight_stands_at_zero() -> None:
    first, second = denoiser_of(), denoiser_of()
    for name, weight in first.named_parameters():
        assert (weight != 0).all(), name
        assert torch.equal(weight, second.get_parameter(name))
    assert not torch.equal(denoiser_of(seed=1).cond_in.linear_1.weight, first.cond_in.linear_1.weight)


def test_a_file_has_the_published_names(tmp_path: Path) -> None:
    synthesise_denoiser(tmp_path / "a.safetensors", TINY)
    assert set(load_file(tmp_path / "a.safetensors")) == set(denoiser_of().state_dict())


def test_tiny_ones_have_blocks_that_are_the_last_and_that_are_not() -> None:
    for architecture in PUBLISHED.values():
        assert (tiny(architecture).triple, tiny(architecture).single) == (2, 2)
