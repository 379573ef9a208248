"""Synchformer's file into its visual encoder: the rest of it left out, and nothing more."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from greenroom.models.foley.recognising import VISUAL
from greenroom.models.foley.synchformer.checkpoint import OTHER_PARTS, UNUSED, load_synchformer
from greenroom.models.foley.synchformer.synthetic import TINY, synthesise_synchformer
from greenroom.weights.errors import OtherNetwork, TensorRenamed, TensorsDiffer, WrongShape


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of the published layout, small."""
    path = tmp_path_factory.mktemp("synchformer") / "synchformer_state_dict.pth"
    synthesise_synchformer(path, TINY)
    return path


def stored(path: Path) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = torch.load(path, weights_only=True)
    return tensors


def saved(folder: Path, tensors: dict[str, Tensor]) -> Path:
    path = folder / "changed.pth"
    torch.save(tensors, path)
    return path


def test_what_looks_at_pictures_is_loaded(published: Path) -> None:
    network, tensors = load_synchformer(published, TINY), stored(published)
    state = network.state_dict()
    assert all(torch.equal(tensor, tensors[VISUAL + name]) for name, tensor in state.items())
    left = {name for name in tensors if name.removeprefix(VISUAL) not in state}
    assert left == {*UNUSED, *(f"{part}weight" for part in OTHER_PARTS)}
    assert not network.training


def test_the_other_parts_may_be_missing(published: Path, tmp_path: Path) -> None:
    tensors = stored(published)
    only = {name: tensor for name, tensor in tensors.items() if name.startswith(VISUAL) and name not in UNUSED}
    save_file(only, tmp_path / "visual.safetensors")
    assert load_synchformer(tmp_path / "visual.safetensors", TINY).cls_token.shape == (1, 1, 16)


def test_half_precision_is_what_was_asked_for(published: Path) -> None:
    assert load_synchformer(published, TINY, dtype=torch.bfloat16).norm.weight.dtype == torch.bfloat16


def test_a_tensor_of_no_known_part_is_refused(published: Path, tmp_path: Path) -> None:
    with pytest.raises(TensorsDiffer, match=r"head\.weight \(without vfeat_extractor\)"):
        load_synchformer(saved(tmp_path, stored(published) | {"head.weight": torch.zeros(2)}), TINY)
    with pytest.raises(TensorsDiffer, match=r"unknown \(more\.weight\)"):
        load_synchformer(saved(tmp_path, stored(published) | {f"{VISUAL}more.weight": torch.zeros(2)}), TINY)


def test_a_missing_tensor_is_named(published: Path, tmp_path: Path) -> None:
    tensors = stored(published)
    del tensors[f"{VISUAL}blocks.0.timeattn.qkv.bias"]
    with pytest.raises(TensorsDiffer, match=r"blocks\.0\.timeattn\.qkv\.bias"):
        load_synchformer(saved(tmp_path, tensors), TINY)


def test_a_name_without_its_prefix_is_no_name(published: Path, tmp_path: Path) -> None:
    tensors = stored(published)
    tensors["cls_token"] = tensors.pop(f"{VISUAL}cls_token")
    with pytest.raises(TensorRenamed, match="cls_token"):
        load_synchformer(saved(tmp_path, tensors), TINY)


def test_another_width_is_refused(published: Path) -> None:
    with pytest.raises((WrongShape, TensorsDiffer), match="16"):
        load_synchformer(published)


def test_another_part_of_the_family_is_named(tmp_path: Path) -> None:
    with pytest.raises(OtherNetwork, match="the audio VAE of HunyuanVideo-Foley"):
        load_synchformer(saved(tmp_path, {"decoder.model.0.bias": torch.zeros(4)}), TINY)
