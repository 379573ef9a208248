"""Tiles: where they lie, how they fade into each other, and that one tile is the whole. Equality: test_parity_vae."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from greenroom.errors import InputInvalid
from greenroom.models.seedvr2.vae import tiling as vae_tiling
from greenroom.models.seedvr2.vae.streaming import decode, decoding, encode
from greenroom.models.seedvr2.vae.tiling import Tiles, decode_tiled, decoding_tiled, encode_tiled
from greenroom.nn.slices import Slices
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

    def spread(_vae: object, latent: torch.Tensor, _slices: object) -> Iterator[torch.Tensor]:
        made = latent.repeat_interleave(4, 0)[3:].repeat_interleave(8, 1).repeat_interleave(8, 2)[..., :3]
        return iter(torch.split(made, 2))

    monkeypatch.setattr(vae_tiling, "decoding", spread)
    latent = normal(2, height, width, 16)
    wanted = torch.cat(list(spread(None, latent, None)))
    torch.testing.assert_close(decode_tiled(tiny_vae(), latent, Tiles(32, 16)), wanted)


def test_frames_are_handed_on_while_the_last_tile_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[int] = []

    def counted(*given: Any) -> Iterator[torch.Tensor]:
        for piece in decoding(*given):
            pieces.append(len(piece))
            yield piece

    monkeypatch.setattr(vae_tiling, "decoding", counted)
    vae, tiles, latent = tiny_vae(), Tiles(32, 16), a_latent(3, 4, 6)  # 5 tiles along, 2 of which are left out
    with torch.inference_mode():
        made = decoding_tiled(vae, latent, tiles, Slices(1, 4))
        first = next(made)
        assert sum(pieces) == 9 + len(first)
        rest = list(made)
    torch.testing.assert_close(torch.cat([first, *rest]), decode_tiled(vae, latent, tiles, Slices(1, 4)))


@pytest.mark.parametrize(("side", "overlap"), [(64, 64), (60, 8), (64, 12), (64, -8), (0, 0)])
def test_tiles_that_cannot_be_laid_are_refused(side: int, overlap: int) -> None:
    with pytest.raises(InputInvalid, match=f"{side}"):
        Tiles(side, overlap)
