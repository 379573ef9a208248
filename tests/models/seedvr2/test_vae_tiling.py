"""Tiles: where they lie, how they fade into each other, and that one tile is the whole. Equality: test_parity_vae."""

from __future__ import annotations

import pytest
import torch

from greenroom.errors import InputInvalid
from greenroom.models.seedvr2 import vae_tiling
from greenroom.models.seedvr2.streaming import decode, encode
from greenroom.models.seedvr2.vae_slices import Slices
from greenroom.models.seedvr2.vae_tiling import Tiles, decode_tiled, encode_tiled
from tests.models.seedvr2.autoencoders import a_clip, a_latent, tiny_vae
from tests.models.seedvr2.networks import normal


def test_one_tile_is_the_whole() -> None:
    vae, tiles = tiny_vae(), Tiles(64, 16)
    torch.testing.assert_close(encode_tiled(vae, a_clip(5), tiles), encode(vae, a_clip(5)))
    torch.testing.assert_close(decode_tiled(vae, a_latent(2), tiles), decode(vae, a_latent(2)))


def test_tiles_are_cut_in_time_too() -> None:
    vae, tiles, latent = tiny_vae(), Tiles(32, 16), a_latent(3, 5, 6)
    whole = decode_tiled(vae, latent, tiles)
    torch.testing.assert_close(decode_tiled(vae, latent, tiles, Slices(1, 1)), whole, atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(9, 7), (4, 13), (3, 2)])
def test_what_every_tile_agrees_on_stays(height: int, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without norms and attention, tiles would give the whole: here each pixel is its latent cell, eight times over."""

    def spread(_vae: object, latent: torch.Tensor, _slices: object) -> torch.Tensor:
        return latent.repeat_interleave(8, 1).repeat_interleave(8, 2)[..., :3]

    monkeypatch.setattr(vae_tiling, "decode", spread)
    latent = normal(2, height, width, 16)
    torch.testing.assert_close(decode_tiled(tiny_vae(), latent, Tiles(32, 16)), spread(None, latent, None))


@pytest.mark.parametrize(("side", "overlap"), [(64, 64), (60, 8), (64, 12), (64, -8), (0, 0)])
def test_tiles_that_cannot_be_laid_are_refused(side: int, overlap: int) -> None:
    with pytest.raises(InputInvalid, match=f"{side}"):
        Tiles(side, overlap)
