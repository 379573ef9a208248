"""Files into autoencoders: by published names, their normed weights multiplied out, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from greenroom.models.foley.dac.checkpoint import ENCODING, fused, load_dac_vae
from greenroom.models.foley.dac.synthetic import TINY, synthesise_dac_vae
from greenroom.weights.errors import NotFinite, OtherNetwork, TensorsDiffer, WrongDtype, WrongShape
from tests.models.foley.networks import normal

LONE = "decoder.model.1.block.1.weight_g"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of the published names, small and flat."""
    path = tmp_path_factory.mktemp("dac") / "vae.safetensors"
    synthesise_dac_vae(path, TINY)
    return path


def saved(folder: Path, tensors: dict[str, Tensor]) -> Path:
    path = folder / "changed.safetensors"
    save_file(tensors, path)
    return path


def test_a_file_is_loaded(published: Path) -> None:
    vae, stored = load_dac_vae(published, TINY, encoder=True), load_file(published)
    assert all(torch.equal(tensor, fused(stored)[name]) for name, tensor in vae.state_dict().items())
    assert not any(parameter.requires_grad for parameter in vae.parameters())
    assert not vae.training


def test_a_torch_file_as_its_makers_lay_it_out(published: Path, tmp_path: Path) -> None:
    kwargs = {"encoder_dim": 2, "encoder_rates": [2, 3, 4, 5, 8], "continuous": True}
    torch.save({"state_dict": load_file(published), "metadata": {"kwargs": kwargs}}, tmp_path / "vae_128d_48k.pth")
    given = normal(1, TINY.latent, 3)
    theirs = load_dac_vae(published, TINY).decode(given)
    assert torch.equal(load_dac_vae(tmp_path / "vae_128d_48k.pth", TINY).decode(given), theirs)


@pytest.mark.parametrize(
    "module", [nn.Conv1d(4, 6, 3), nn.ConvTranspose1d(4, 6, 8, 4)], ids=lambda module: type(module).__name__
)
def test_weights_are_multiplied_out_as_torch_does_it(module: nn.Conv1d | nn.ConvTranspose1d) -> None:
    normed = parametrizations.weight_norm(module, dim=0)
    normed.parametrizations["weight"].original0.data = normal(len(module.weight), 1, 1)
    state = normed.state_dict()
    direction, length = (state[f"parametrizations.weight.original{number}"] for number in (1, 0))
    made = fused({"a.weight_v": direction, "a.weight_g": length, "a.bias": state["bias"]})
    torch.testing.assert_close(made["a.weight"], module.weight)
    assert made.keys() == {"a.weight", "a.bias"}


def test_only_what_makes_sound_is_kept_unless_told(published: Path, tmp_path: Path) -> None:
    vae = load_dac_vae(published, TINY)
    assert not any(name.startswith(ENCODING) for name in vae.state_dict())
    rest = {name: tensor for name, tensor in load_file(published).items() if not name.startswith(ENCODING)}
    file = saved(tmp_path, rest)
    given = normal(1, TINY.latent, 2)
    assert torch.equal(load_dac_vae(file, TINY).decode(given), vae.decode(given))
    with pytest.raises(TensorsDiffer, match=r"encoder\.block\.0"):
        load_dac_vae(file, TINY, encoder=True)


def test_names_of_newer_torch_are_taken(published: Path, tmp_path: Path) -> None:
    tensors = load_file(published)
    new = {
        name.replace("weight_g", "parametrizations.weight.original0").replace(
            "weight_v", "parametrizations.weight.original1"
        ): tensor
        for name, tensor in tensors.items()
    }
    assert new.keys() != tensors.keys()
    wanted = load_dac_vae(published, TINY, encoder=True).state_dict()
    loaded = load_dac_vae(saved(tmp_path, new), TINY, encoder=True).state_dict()
    assert all(torch.equal(loaded[name], wanted[name]) for name in wanted)


def test_a_name_of_both_kinds_is_refused(published: Path, tmp_path: Path) -> None:
    tensors = load_file(published)
    tensors[LONE.replace("weight_g", "parametrizations.weight.original0")] = tensors[LONE].clone()
    with pytest.raises(TensorsDiffer, match="a second time"):
        load_dac_vae(saved(tmp_path, tensors), TINY)


def test_half_precision_is_multiplied_out_in_full(published: Path, tmp_path: Path) -> None:
    half = {name: tensor.half() for name, tensor in load_file(published).items()}
    vae = load_dac_vae(saved(tmp_path, half), TINY)
    wanted = fused({name: tensor.float() for name, tensor in half.items()})
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in vae.state_dict().items())


def test_a_missing_tensor_is_named(published: Path, tmp_path: Path) -> None:
    tensors = load_file(published)
    del tensors[LONE]
    with pytest.raises(TensorsDiffer, match=LONE):
        load_dac_vae(saved(tmp_path, tensors), TINY)


def test_a_tensor_too_many_is_named(published: Path, tmp_path: Path) -> None:
    tensors = load_file(published) | {"quantizer.codebook": torch.zeros(3)}
    with pytest.raises(TensorsDiffer, match=r"quantizer\.codebook"):
        load_dac_vae(saved(tmp_path, tensors), TINY)


def test_other_strides_are_seen_by_their_kernels(published: Path, tmp_path: Path) -> None:
    tensors = load_file(published)
    name = LONE.replace("weight_g", "weight_v")
    tensors[name] = tensors[name][..., :10].contiguous()
    with pytest.raises(WrongShape, match="16"):
        load_dac_vae(saved(tmp_path, tensors), TINY)


def test_eight_bits_were_not_asked_for(published: Path, tmp_path: Path) -> None:
    tensors = load_file(published)
    tensors[LONE] = tensors[LONE].to(torch.float8_e4m3fn)
    with pytest.raises(WrongDtype, match="float8"):
        load_dac_vae(saved(tmp_path, tensors), TINY)


def test_what_is_no_number_is_named(published: Path, tmp_path: Path) -> None:
    tensors = load_file(published)
    tensors[LONE][0] = float("nan")
    with pytest.raises(NotFinite, match=LONE):
        load_dac_vae(saved(tmp_path, tensors), TINY)


def test_another_part_of_the_family_is_named(tmp_path: Path) -> None:
    file = saved(tmp_path, {"triple_blocks.0.audio_mlp.fc1.bias": torch.zeros(4)})
    with pytest.raises(OtherNetwork, match="HunyuanVideo-Foley's denoiser"):
        load_dac_vae(file, TINY)
