"""The tower for pictures: by the published names or not at all, and what it says of a picture."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from greenroom.models.borrowed import without_memory
from greenroom.models.steadydancer.towers.clip import PUBLISHED, load_clip, names_in_file, prepared, vision_tower
from greenroom.models.steadydancer.towers.synthetic import (
    TINY_PICTURES,
    TINY_TEXTS,
    spelled,
    synthesise_clip,
    synthesise_umt5,
    synthetic_pictures,
)
from greenroom.models.steadydancer.towers.umt5 import load_umt5
from greenroom.models.steadydancer.vae.checkpoint import load_vae
from greenroom.models.steadydancer.vae.synthetic import TINY, synthesise_vae
from greenroom.nn.parking import Parking
from greenroom.weights.errors import OtherNetwork, TensorsDiffer, WrongShape


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "models_clip_open-clip-xlm-roberta-large-vit-huge-14.pth"
    synthesise_clip(path)
    return path


def picture(height: int = 60, width: int = 90) -> Tensor:
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_each_weight_is_the_files_and_the_last_layer_is_left(file: Path) -> None:
    made = dict(load_clip(file, options=TINY_PICTURES).network.named_parameters())
    stored = torch.load(file, weights_only=True)
    assert "visual.transformer.2.mlp.0.weight" in stored
    assert not any(".2." in name for name in made)
    assert torch.equal(made["embeddings.class_embedding"], stored["visual.cls_embedding"][0, 0])
    assert torch.equal(made["embeddings.position_embedding.weight"], stored["visual.pos_embedding"][0])
    for place, part in enumerate("qkv"):
        for kind in ("weight", "bias"):
            theirs = stored[f"visual.transformer.1.attn.to_qkv.{kind}"][32 * place : 32 * place + 32]
            assert torch.equal(made[f"encoder.layers.1.self_attn.{part}_proj.{kind}"], theirs)
    assert not any(weight.requires_grad or weight.is_meta for weight in made.values())


def test_a_picture_of_any_shape(file: Path) -> None:
    tower = load_clip(file, options=TINY_PICTURES)
    assert tower.see(picture()).shape == tower.see(picture(33, 14)).shape == (257, 32)
    half = load_clip(file, options=TINY_PICTURES, dtype=torch.float16)
    near = half.see(picture())
    assert near.dtype == torch.float16
    torch.testing.assert_close(near.float(), tower.see(picture()), atol=0.05, rtol=0.05)


def test_pictures_are_prepared() -> None:
    """Squashed, not cropped; from -1..1 to what the tower was trained on."""
    made = prepared(picture(448, 224), 224)
    assert made.shape == (3, 224, 224)
    grey = prepared(torch.zeros(3, 10, 20), 4)
    assert grey[:, 0, 0].tolist() == pytest.approx(
        [(0.5 - 0.48145466) / 0.26862954, (0.5 - 0.4578275) / 0.26130258, (0.5 - 0.40821073) / 0.27577711], abs=1e-6
    )
    # Pixels that are left out are not smoothed over: one that lies between those that are read leaves no trace.
    dot = torch.zeros(3, 16, 16)
    dot[:, 0, 0] = 1
    assert torch.equal(prepared(dot, 2), prepared(torch.zeros(3, 16, 16), 2))


def test_a_tensor_of_no_known_part_is_refused(file: Path, tmp_path: Path) -> None:
    tensors = torch.load(file, weights_only=True)
    torch.save(tensors | {"visual.more": torch.zeros(2)}, tmp_path / "more.pth")
    with pytest.raises(TensorsDiffer, match=r"the CLIP image encoder.*visual\.more"):
        load_clip(tmp_path / "more.pth", options=TINY_PICTURES)
    del tensors["visual.transformer.0.attn.to_qkv.bias"]
    torch.save(tensors, tmp_path / "less.pth")
    with pytest.raises(TensorsDiffer, match=r"visual\.transformer\.0\.attn\.to_qkv\.bias"):
        load_clip(tmp_path / "less.pth", options=TINY_PICTURES)
    with pytest.raises((TensorsDiffer, WrongShape)):
        load_clip(file)


def test_another_file_is_named(file: Path, tmp_path: Path) -> None:
    synthesise_umt5(tmp_path / "text.pth")
    synthesise_vae(tmp_path / "vae.pth", TINY)
    with pytest.raises(OtherNetwork, match=r"looks like the UMT5 text encoder of Wan2\.1"):
        load_clip(tmp_path / "text.pth", options=TINY_PICTURES)
    with pytest.raises(OtherNetwork, match=r"looks like the VAE of Wan2\.1"):
        load_umt5(tmp_path / "vae.pth", spelled, options=TINY_TEXTS)
    with pytest.raises(OtherNetwork, match=r"looks like the CLIP image encoder of Wan2\.1"):
        load_vae(file, config=TINY)


def test_it_leaves_and_comes_back() -> None:
    tower = synthetic_pictures(torch.device("cpu"), torch.float32, TINY_PICTURES)
    wanted, parking = tower.see(picture()), Parking(tower.network)
    parking.leave()
    assert not any(weight.numel() for weight in tower.network.parameters())
    parking.come_back()
    assert torch.equal(tower.see(picture()), wanted)


def test_the_published_tower() -> None:
    wanted = names_in_file(without_memory(lambda: vision_tower(PUBLISHED)))
    # Of 392 of the visual part: without the last layer's 12, and what projects to where texts are.
    assert len(wanted) == 392 - 12 - 1
    assert wanted["visual.pos_embedding"] == (1, 257, 1280)
    assert wanted["visual.transformer.30.attn.to_qkv.weight"] == (3840, 1280)
