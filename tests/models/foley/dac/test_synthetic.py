"""Invented autoencoders are whole, random, and the same for a seed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from greenroom.errors import OutputUnwritable
from greenroom.models.foley.dac.checkpoint import load_dac_vae
from greenroom.models.foley.dac.synthetic import TINY, synthesise_dac_vae, synthetic_dac_vae
from tests.models.foley.media_parts import CPU
from tests.models.foley.networks import normal


def test_a_seed_gives_the_same_file_and_another_seed_another(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("one", "same", "other")]
    for file, seed in zip(files, (1, 1, 2), strict=True):
        synthesise_dac_vae(file, TINY, seed)
    one, same, other = (file.read_bytes() for file in files)
    assert one == same
    assert one != other


def test_a_file_and_a_network_make_a_sound(tmp_path: Path) -> None:
    synthesise_dac_vae(tmp_path / "vae.safetensors", TINY)
    for vae in (load_dac_vae(tmp_path / "vae.safetensors", TINY), synthetic_dac_vae(CPU, TINY)):
        one, other = vae.decode(normal(2, TINY.latent, 6))
        assert 1e-2 < float(one.std()) < 0.5
        assert (one - other).abs().max() > 1e-3


def test_every_weight_counts() -> None:
    vae = synthetic_dac_vae(CPU, TINY, encoder=True).requires_grad_(True)
    posterior = vae.encode(normal(1, 1, 1920))
    sound = vae.decode(posterior.mean + posterior.deviation * normal(1, TINY.latent, 2))
    torch.autograd.backward(sound.square().sum())
    idle = [name for name, weight in vae.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert idle == []


def test_a_place_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputUnwritable, match="cannot be written"):
        synthesise_dac_vae(tmp_path / "absent" / "vae.safetensors", TINY)


def test_it_is_drawn_without_an_encoder_too() -> None:
    half, both = (synthetic_dac_vae(CPU, TINY, encoder=encoder).state_dict() for encoder in (False, True))
    assert all(torch.equal(tensor, both[name]) for name, tensor in half.items())
