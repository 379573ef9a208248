"""Files into autoencoders: by published names, old and new, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from greenroom.models.seedvr2.vae.checkpoint import load_vae
from greenroom.models.seedvr2.vae.synthetic import TINY, synthesise_vae
from greenroom.models.seedvr2.vae.upsample import Upsample
from greenroom.models.seedvr2.vae.vae import VideoVAE
from greenroom.weights.errors import OtherNetwork, TensorsDiffer

OLD = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of the published layout, small."""
    path = tmp_path_factory.mktemp("vae") / "ema_vae.safetensors"
    synthesise_vae(path, TINY)
    return path


def state(vae: VideoVAE) -> dict[str, torch.Tensor]:
    return {name: tensor.float() for name, tensor in vae.state_dict().items()}


def upsamplers(vae: VideoVAE) -> list[Upsample]:
    return [module for module in vae.modules() if isinstance(module, Upsample)]


def test_a_file_is_loaded(published: Path) -> None:
    loaded, stored = state(load_vae(published, TINY)), load_file(published)
    assert loaded.keys() == stored.keys()
    assert all(torch.equal(loaded[name], stored[name]) for name in stored)


def test_old_names_of_the_attention_are_taken(published: Path, tmp_path: Path) -> None:
    tensors = load_file(published)
    for new, old in OLD.items():
        for name in list(tensors):
            if f".attentions.0.{new}." in name:
                tensors[name.replace(new, old)] = tensors.pop(name)
    assert "encoder.mid_block.attentions.0.proj_attn.bias" in tensors
    torch.save(tensors, tmp_path / "ema_vae.pth")
    loaded, wanted = state(load_vae(tmp_path / "ema_vae.pth", TINY)), load_file(published)
    assert all(torch.equal(loaded[name], wanted[name]) for name in wanted)


def test_a_name_of_both_kinds_is_refused(published: Path, tmp_path: Path) -> None:
    tensors = load_file(published)
    name = "decoder.mid_block.attentions.0.to_q.bias"
    tensors[name.replace("to_q", "query")] = tensors[name].clone()
    save_file(tensors, tmp_path / "both.safetensors")
    with pytest.raises(TensorsDiffer, match="a second time"):
        load_vae(tmp_path / "both.safetensors", TINY)


def test_half_precision_in_the_file_and_in_use(published: Path, tmp_path: Path) -> None:
    save_file({name: tensor.half() for name, tensor in load_file(published).items()}, tmp_path / "half.safetensors")
    vae = load_vae(tmp_path / "half.safetensors", TINY, dtype=torch.bfloat16)
    assert vae.dtype == torch.bfloat16
    # What is made of weights is made of those in the file, not of what bfloat16 leaves of them.
    exact = load_vae(tmp_path / "half.safetensors", TINY)
    for rough, fine in zip(upsamplers(vae), upsamplers(exact), strict=True):
        assert torch.equal(rough.usual.weight, fine.usual.weight.bfloat16())


def test_another_file_is_named(published: Path, tmp_path: Path) -> None:
    with pytest.raises(TensorsDiffer, match="the VAE of SeedVR2"):
        load_vae(published)
    save_file(
        {"vid_in.proj.weight": torch.zeros(32, 132), "blocks.0.x": torch.zeros(1)}, tmp_path / "other.safetensors"
    )
    with pytest.raises(OtherNetwork, match="a transformer of width 32"):
        load_vae(tmp_path / "other.safetensors", TINY)
