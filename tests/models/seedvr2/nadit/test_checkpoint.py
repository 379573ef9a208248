"""Published layouts load exactly, whatever they are stored in; whatever else is given is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from greenroom.errors import GreenroomError
from greenroom.models.seedvr2.architecture import PUBLISHED, Architecture
from greenroom.models.seedvr2.nadit.checkpoint import PREFIX, load_transformer, recognise
from greenroom.models.seedvr2.nadit.rotary import frequencies
from greenroom.models.seedvr2.nadit.synthetic import synthesise_transformer
from tests.models.seedvr2.networks import BOTH, V1, V2, normal, published_shapes
from tests.weights.altered import Weights, changed, refusal_of
from tests.weights.gguf_files import ARRAY, INT32, Listed, entry, numbers, q8_0, write

QKV, FREQS = "blocks.0.attn.proj_qkv.vid.weight", "blocks.1.attn.rope.rope.freqs"


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A file of the tiny 3B as it would be published."""
    file = tmp_path / "model.safetensors"
    synthesise_transformer(file, V2, seed=1)
    return file


def refusal(file: Path, architecture: Architecture = V2) -> GreenroomError:
    return refusal_of(file, lambda path: load_transformer(path, architecture))


@pytest.mark.parametrize("architecture", BOTH, ids=lambda a: a.name)
def test_every_tensor_comes_from_the_file(architecture: Architecture, tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    synthesise_transformer(file, architecture, seed=1)
    stored = load_file(file)
    network = load_transformer(file, architecture)
    assert set(stored) == set(network.state_dict())
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, stored[name]), name
    assert not network.training
    assert not any(weight.requires_grad for weight in network.parameters())


def test_torch_files_load_too(published: Path) -> None:
    file = published.with_name("model.pth")
    torch.save(load_file(published), file)
    same = load_transformer(published, V2).state_dict()
    for name, tensor in load_transformer(file, V2).state_dict().items():
        assert torch.equal(tensor, same[name])


@pytest.mark.parametrize("stored", [torch.float16, torch.float8_e4m3fn])
def test_smaller_files_are_read_into_any_type_and_frequencies_are_the_formula(
    published: Path, stored: torch.dtype
) -> None:
    file = changed(published, lambda weights: weights.update({name: t.to(stored) for name, t in weights.items()}))
    weights = load_file(file)
    assert not torch.equal(weights[FREQS].float(), frequencies(V2))
    network = load_transformer(file, V2, dtype=torch.bfloat16)
    assert {weight.dtype for weight in network.parameters()} == {torch.bfloat16}
    assert torch.equal(network.state_dict()[FREQS], frequencies(V2))
    assert torch.equal(network.state_dict()[QKV], weights[QKV].float().bfloat16())


def matrices_of(weights: Weights) -> set[str]:
    return {name for name in weights if name.startswith("blocks.") and weights[name].ndim == 2}


def gguf_of(published: Path, prefix: str = "") -> Path:
    """The same weights as GGUF: matrices of blocks in Q8_0, the rest in half precision."""
    weights = load_file(published)
    matrices = matrices_of(weights)
    listed = [
        Listed(prefix + name, tuple(t.shape), 8, q8_0(t))
        if name in matrices
        else Listed(prefix + name, tuple(t.shape), 1, t.half().numpy().tobytes())
        for name, t in weights.items()
    ]
    shape = entry(f"comfy.gguf.orig_shape.{prefix}{QKV}", ARRAY, numbers(INT32, weights[QKV].shape))
    return write(published.with_name("model.gguf"), *listed, entries=[shape])


@pytest.mark.parametrize("prefix", ["", PREFIX])
def test_gguf_files_load_with_and_without_their_prefix(published: Path, prefix: str) -> None:
    weights = load_file(published)
    matrices = matrices_of(weights)
    for name, tensor in load_transformer(gguf_of(published, prefix), V2).state_dict().items():
        assert (tensor - weights[name]).abs().max() < (0.01 if name in matrices else 0.001), name


def fp8_of(published: Path) -> Path:
    return changed(published, lambda w: w.update({name: t.to(torch.float8_e4m3fn) for name, t in w.items()}))


@pytest.mark.parametrize("make", [gguf_of, fp8_of])
def test_matrices_may_stay_as_small_as_they_are_stored(published: Path, make: Callable[[Path], Path]) -> None:
    file = make(published)
    whole, small = load_transformer(file, V2), load_transformer(file, V2, small=True)
    latent, text = normal(1, 6, 4, 33), normal(5, 32)
    with torch.inference_mode():
        ours, wanted = (network(latent, text, network.modulations(1000.0)) for network in (small, whole))
    torch.testing.assert_close(ours, wanted)
    held = sum(tensor.nbytes for name, tensor in small.state_dict().items() if name.endswith(".stored"))
    numbers_of_them = sum(t.numel() for t in (whole.state_dict()[name] for name in matrices_of(whole.state_dict())))
    assert numbers_of_them <= held < 1.1 * numbers_of_them
    assert not any(weight.requires_grad for weight in small.parameters())


def test_two_tensors_for_one_name_are_refused(published: Path) -> None:
    refused = refusal(changed(published, lambda weights: weights.update({f"{PREFIX}{QKV}": torch.zeros(1)})))
    assert refused.code == "weights-tensors-differ"


def test_a_missing_tensor_is_named(published: Path) -> None:
    refused = refusal(changed(published, lambda weights: weights.pop(QKV)))
    assert f"1 missing ({QKV})" in refused.message


def test_missing_frequencies_are_missing_too(published: Path) -> None:
    assert f"1 missing ({FREQS})" in refusal(changed(published, lambda weights: weights.pop(FREQS))).message


def test_frequencies_of_other_positions_are_refused(published: Path) -> None:
    refused = refusal(changed(published, lambda weights: weights[FREQS].mul_(1.5)))
    assert refused.code == "weights-unfit"
    assert FREQS in refused.message


@pytest.mark.parametrize("architecture", PUBLISHED.values(), ids=lambda a: a.name)
def test_frequencies_in_eight_bits_are_taken(architecture: Architecture, tmp_path: Path) -> None:
    """Of heads as wide as the published ones, whose least are zero in eight bits."""
    small = replace(architecture, heads=1, layers=2, own_text=1 if architecture.design == "dit_v2" else 2, text_in=8)
    file = tmp_path / "model.safetensors"
    synthesise_transformer(file, small)
    changed(file, lambda w: w.update({name: t.to(torch.float8_e4m3fn) for name, t in w.items()}))
    assert torch.equal(load_transformer(file, small).state_dict()[FREQS], frequencies(architecture))


def test_not_a_number_is_found(published: Path) -> None:
    refused = refusal(changed(published, lambda weights: weights[QKV][3].fill_(float("nan"))))
    assert refused.code == "weights-not-finite"


def test_the_other_variant_is_recognised(tmp_path: Path) -> None:
    assert recognise(published_shapes("seedvr2-3b")).startswith("SeedVR2 3B (")
    assert recognise(published_shapes("seedvr2-7b")).startswith("SeedVR2 7B (")
    assert recognise({"decoder.conv_in.weight": (512, 16, 3, 3, 3)}) == "the VAE of SeedVR2"
    assert recognise({"a": (1,)}) == ""
    file = tmp_path / "3b.safetensors"
    synthesise_transformer(file, V1)
    refused = refusal(file, replace(V2, layers=4))
    assert refused.code == "weights-other-network"
    assert "a transformer of width 32 and depth 3" in refused.message
