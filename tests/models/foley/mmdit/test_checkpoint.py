"""Published layouts load exactly, whatever they are stored in; whatever else is given is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from greenroom.errors import GreenroomError
from greenroom.models.foley.architecture import Architecture
from greenroom.models.foley.mmdit.checkpoint import REORDERED, arranged, load_denoiser, recognise
from greenroom.models.foley.mmdit.synthetic import synthesise_denoiser
from tests.models.foley.networks import TINY, normal, published_shapes

Weights = dict[str, Tensor]
QKV = "triple_blocks.0.audio_self_attn_qkv.weight"


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A file of a tiny denoiser as it would be published."""
    file = tmp_path / "foley.safetensors"
    synthesise_denoiser(file, TINY, seed=1)
    return file


def changed(file: Path, change: Callable[[Weights], Any]) -> Path:
    weights = {name: tensor.clone() for name, tensor in load_file(file).items()}
    change(weights)
    save_file(weights, file)
    return file


def refusal(file: Path, architecture: Architecture = TINY) -> GreenroomError:
    with pytest.raises(GreenroomError) as caught:
        load_denoiser(file, architecture)
    assert str(file.parent) not in caught.value.message + caught.value.mend
    assert file.name in caught.value.message
    assert caught.value.mend
    return caught.value


def test_every_tensor_comes_from_the_file(published: Path) -> None:
    stored = load_file(published)
    network = load_denoiser(published, TINY)
    assert set(stored) == set(network.state_dict())
    for name, tensor in network.state_dict().items():
        if REORDERED not in name:
            assert torch.equal(tensor, stored[name]), name
    assert not network.training
    assert not any(weight.requires_grad for weight in network.parameters())


def test_queries_keys_and_values_of_single_blocks_are_taken_apart() -> None:
    """Published with the three of a channel side by side."""
    x, weight, bias = normal(5, TINY.width), normal(3 * TINY.width, TINY.width, seed=1), normal(3 * TINY.width, seed=2)
    side_by_side = (x @ weight.T + bias).view(5, TINY.heads, TINY.head_dim, 3)
    state = arranged({"0.linear_qkv.weight": weight, "0.linear_qkv.bias": bias, "1.weight": weight}, TINY)
    apart = (x @ state["0.linear_qkv.weight"].T + state["0.linear_qkv.bias"]).view(5, 3, TINY.heads, -1)
    for part in range(3):
        torch.testing.assert_close(apart[:, part], side_by_side[..., part])
    assert state["1.weight"] is weight


def test_torch_files_load_too(published: Path) -> None:
    file = published.with_name("foley.pth")
    torch.save({name: tensor.bfloat16() for name, tensor in load_file(published).items()}, file)
    wanted = load_denoiser(published, TINY, dtype=torch.bfloat16).state_dict()
    for name, tensor in load_denoiser(file, TINY, dtype=torch.bfloat16).state_dict().items():
        assert torch.equal(tensor, wanted[name])


class Trap:
    """What unpickling would run."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("sprung"),)


def test_a_torch_file_runs_nothing(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(published.parent)
    file = published.with_name("foley.pth")
    torch.save({**load_file(published), "more": Trap()}, file)
    refusal(file)
    assert not Path("sprung").exists()


def eight_bits(file: Path) -> Path:
    def change(weights: Weights) -> None:
        weights |= {name: t.to(torch.float8_e4m3fn) for name, t in weights.items() if t.ndim > 1}

    return changed(file, change)


def test_eight_bits_are_another_sound_and_taken_when_asked_for(published: Path) -> None:
    file = eight_bits(published)
    assert refusal(file).code == "weights-dtype"
    network = load_denoiser(file, TINY, dtype=torch.bfloat16, quantised=True)
    assert {weight.dtype for weight in network.parameters()} == {torch.bfloat16}
    assert torch.equal(network.get_parameter(QKV), load_file(file)[QKV].bfloat16())


@pytest.mark.parametrize(
    "name", [QKV, "final_layer.adaLN_modulation.1.bias", "empty_sync_feat", "single_blocks.1.linear2.w3.weight"]
)
def test_a_missing_tensor_is_named(name: str, published: Path) -> None:
    assert f"1 missing ({name})" in refusal(changed(published, lambda weights: weights.pop(name))).message


def test_nothing_unknown_is_passed_over(published: Path) -> None:
    refused = refusal(changed(published, lambda weights: weights.update({"projectors.0.weight": torch.ones(2)})))
    assert refused.code == "weights-tensors-differ"
    assert "1 unknown (projectors.0.weight)" in refused.message


def test_not_a_number_is_found(published: Path) -> None:
    refused = refusal(changed(published, lambda weights: weights[QKV][3].fill_(float("nan"))))
    assert refused.code == "weights-not-finite"


def test_the_other_size_is_recognised(published: Path) -> None:
    assert recognise(published_shapes("hunyuanvideo-foley-xl")).startswith("HunyuanVideo-Foley XL (")
    assert recognise(published_shapes("hunyuanvideo-foley-xxl")).startswith("HunyuanVideo-Foley XXL (")
    assert recognise({"a": (1,)}) == ""
    refused = refusal(published, replace(TINY, triple=3, heads=1))
    assert refused.code == "weights-other-network"
    assert "a denoiser of width 32 with 2 triple and 2 single blocks" in refused.message
