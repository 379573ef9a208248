"""A file into the autoencoder: by published names, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from greenroom.models.steadydancer.vae.checkpoint import load_vae, usual_dtype
from greenroom.models.steadydancer.vae.synthetic import TINY, synthesise_vae
from greenroom.weights.errors import TensorRenamed, TensorsDiffer, WrongShape


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of the published layout, small."""
    path = tmp_path_factory.mktemp("vae") / "Wan2.1_VAE.pth"
    synthesise_vae(path, TINY)
    return path


def test_a_file_is_loaded(published: Path) -> None:
    loaded, stored = load_vae(published, config=TINY).state_dict(), torch.load(published, weights_only=True)
    assert loaded.keys() == stored.keys()
    assert all(torch.equal(loaded[name], stored[name]) for name in stored)


def test_half_precision_in_use(published: Path) -> None:
    vae, exact = load_vae(published, dtype=torch.bfloat16, config=TINY), load_vae(published, config=TINY)
    assert (vae.dtype, vae.encoder.sums, vae.decoder.sums) == (torch.bfloat16, torch.float32, torch.float32)
    assert vae.conv1.weight.dtype == vae.encoder.conv1.bias.dtype == torch.float32
    # What is made of weights is made of those in the file, not of what bfloat16 leaves of them.
    rough, fine = dict(vae.named_buffers()), dict(exact.named_buffers())
    name = next(name for name in fine if name.endswith("phases"))
    assert torch.equal(rough[name], fine[name].bfloat16())


def test_a_missing_tensor_is_named(published: Path, tmp_path: Path) -> None:
    tensors = torch.load(published, weights_only=True)
    del tensors["conv2.bias"]
    torch.save(tensors, tmp_path / "less.pth")
    with pytest.raises(TensorsDiffer, match=r"the VAE of Wan2\.1.*conv2\.bias"):
        load_vae(tmp_path / "less.pth", config=TINY)


def test_a_renamed_tensor_is_named(published: Path, tmp_path: Path) -> None:
    tensors = torch.load(published, weights_only=True)
    tensors["decoder.head.9.bias"] = tensors.pop("decoder.head.2.bias")
    torch.save(tensors, tmp_path / "other.pth")
    with pytest.raises(TensorRenamed, match=r"decoder\.head\.2\.bias"):
        load_vae(tmp_path / "other.pth", config=TINY)


def test_another_size_is_refused(published: Path) -> None:
    with pytest.raises((TensorsDiffer, WrongShape), match=r"the VAE of Wan2\.1"):
        load_vae(published)


def test_types() -> None:
    assert usual_dtype("cpu") == torch.float32
    assert usual_dtype("cuda:1") == torch.float16
