"""SigLIP 2's vision tower. Equality with the original: test_parity_sounding."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from greenroom.models.foley.towers.encoders import PictureEncoder, see_pictures
from greenroom.models.foley.towers.siglip2 import SiglipPictures, load_siglip2, usual_dtype
from tests.models.foley.networks import normal
from tests.models.foley.tower_parts import SMALL_VISION, siglip_file


@pytest.fixture(scope="module")
def tower(tmp_path_factory: pytest.TempPathFactory) -> SiglipPictures:
    return load_siglip2(siglip_file(tmp_path_factory.mktemp("siglip")), SMALL_VISION)


@torch.inference_mode()
def test_a_picture_is_a_vector_of_the_pooling_head(tower: SiglipPictures) -> None:
    encoder: PictureEncoder = tower
    pictures = normal(3, 3, 64, 64).clamp(-1, 1)
    vectors = encoder(pictures)
    assert vectors.shape == (3, 24)
    states = tower.network(pixel_values=pictures).last_hidden_state
    assert torch.equal(vectors, tower.network.get_submodule("head")(states))
    assert not torch.allclose(vectors.norm(dim=-1), torch.ones(3), atol=1e-2)


@torch.inference_mode()
def test_pictures_do_not_see_each_other(tower: SiglipPictures) -> None:
    pictures = torch.randint(0, 256, (5, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(see_pictures(pictures, tower, at_once=2), see_pictures(pictures, tower))


@torch.inference_mode()
def test_in_half_precision_it_says_nearly_the_same(tower: SiglipPictures, tmp_path: Path) -> None:
    half = load_siglip2(siglip_file(tmp_path), SMALL_VISION, dtype=torch.float16)
    assert {weights.dtype for weights in half.network.parameters()} == {torch.float16}
    pictures = normal(3, 3, 64, 64).clamp(-1, 1)
    vectors, whole = half(pictures), tower(pictures)
    assert vectors.dtype == torch.float32
    assert 0 < (vectors - whole).square().mean() < 1e-5 * whole.square().mean()


def test_a_gpu_has_it_in_half_precision(tower: SiglipPictures) -> None:
    assert usual_dtype("cuda:1") == torch.float16
    assert {weights.dtype for weights in tower.network.parameters()} == {usual_dtype("cpu")} == {torch.float32}
