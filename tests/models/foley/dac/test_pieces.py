"""Pieces join to what one go gives."""

from __future__ import annotations

from copy import deepcopy
from functools import cache

import pytest
import torch

from greenroom.models.foley.dac.config import DacConfig, Reach
from greenroom.models.foley.dac.pieces import decode, decoded
from greenroom.models.foley.dac.vae import DacVAE
from tests.models.foley.media_parts import tiny_dac
from tests.models.foley.networks import normal

LATENTS = 47


@cache
def fine() -> DacVAE:
    """In float64, where another order of sums is not taken for a seam."""
    return deepcopy(tiny_dac()).double()


@cache
def latents() -> torch.Tensor:
    return normal(2, fine().config.latent, LATENTS).double()


@cache
def whole() -> torch.Tensor:
    return fine().decode(latents())


@pytest.mark.parametrize("piece", [1, 9, 10, 11, 46, 47, 1000])
def test_no_seam_is_heard(piece: int) -> None:
    torch.testing.assert_close(decode(fine(), latents(), piece), whole(), rtol=0, atol=1e-13)


def test_pieces_follow_each_other() -> None:
    lengths = [part.shape[2] // 960 for part in decoded(fine(), latents(), 20)]
    assert lengths == [20, 20, 7]


@pytest.mark.parametrize("reach", [Reach(9, 10), Reach(10, 9)])
def test_a_latent_less_on_either_side_is_heard(reach: Reach, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DacConfig, "reach", reach)
    assert (decode(fine(), latents(), 20) - whole()).abs().max() > 1e-13


def test_in_float32_a_seam_is_less_than_what_rounding_does() -> None:
    vae, given = tiny_dac(), latents().float()
    together = vae.decode(given)
    rounding = (together - whole()).abs().max()
    assert (decode(vae, given, 13) - together).abs().max() < rounding < 1e-3
