"""Published layouts load exactly; whatever else is given is named, with what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from greenroom.errors import FileUnreadable, GreenroomError
from greenroom.models.f5tts.architecture import PUBLISHED, SMALL, Architecture
from greenroom.models.f5tts.checkpoint import load_flow, load_vocos, recognise, sources_of
from greenroom.models.f5tts.flow import Flow
from greenroom.models.f5tts.synthetic import synthesise_flow, synthesise_vocos
from greenroom.models.f5tts.vocos import VocosConfig
from greenroom.nn.rotary import frequencies
from greenroom.weights.fitting import shapes_of
from tests.models.f5tts.networks import BASE, E2, V1, VARIANTS
from tests.weights.altered import Weights, changed, refusal_of

VOCODER = VocosConfig(dim=16, inner=32, depth=2)
PROJECTION = "ema_model.transformer.proj_out.weight"


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A file of the tiny v1 as it would be published."""
    file = tmp_path / "model.safetensors"
    synthesise_flow(file, V1, seed=1)
    return file


def refusal(file: Path, architecture: Architecture = V1, **options: Any) -> GreenroomError:
    return refusal_of(file, lambda path: load_flow(path, architecture, **options))


@pytest.mark.parametrize("architecture", VARIANTS, ids=lambda a: a.name)
def test_every_tensor_comes_from_the_file(architecture: Architecture, tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    synthesise_flow(file, architecture, seed=1)
    stored = load_file(file)
    flow = load_flow(file, architecture)
    for name, tensor in flow.state_dict().items():
        assert torch.equal(tensor, stored[f"ema_model.{name}"]), name
    assert not flow.training
    assert not any(weight.requires_grad for weight in flow.parameters())


def torch_file(file: Path, make: Callable[[Weights], Any], **options: Any) -> Path:
    made = file.with_name("model.pt")
    torch.save(make(load_file(file)), made, **options)
    return made


def bare(weights: Weights) -> Weights:
    return {
        name.removeprefix("ema_model."): tensor for name, tensor in weights.items() if name.startswith("ema_model.")
    }


@pytest.mark.parametrize(
    "make",
    [
        lambda weights: {"ema_model_state_dict": weights, "optimizer_state_dict": {"state": {}}, "update": 3},
        lambda weights: {"model_state_dict": bare(weights), "scheduler_state_dict": {"lr": [1e-4]}},
        lambda weights: {"ema_model_state_dict": weights, "model_state_dict": {"transformer.x": torch.zeros(1)}},
        bare,
    ],
    ids=("averaged", "of training", "averaged before others", "bare"),
)
def test_torch_files_load_too(published: Path, make: Callable[[Weights], Any]) -> None:
    flow, same = load_flow(torch_file(published, make), V1), load_flow(published, V1)
    for name, tensor in flow.state_dict().items():
        assert torch.equal(tensor, same.state_dict()[name])


def test_files_of_the_old_format_of_torch_load_too(published: Path) -> None:
    file = torch_file(published, bare, _use_new_zipfile_serialization=False)
    assert torch.equal(
        load_flow(file, V1).transformer.proj_out.weight, load_flow(published, V1).transformer.proj_out.weight
    )


def test_names_without_the_prefix_load_too(published: Path) -> None:
    weights = bare(load_file(published))
    save_file(weights, published)
    assert torch.equal(
        load_flow(published, V1).transformer.proj_out.weight, weights[PROJECTION.removeprefix("ema_model.")]
    )


def test_stale_buffers_are_dropped(published: Path) -> None:
    mel = "ema_model.mel_spec.mel_stft."
    buffers = {f"{mel}mel_scale.fb": torch.zeros(513, 100), f"{mel}spectrogram.window": torch.zeros(1024)}
    load_flow(changed(published, lambda weights: weights.update(buffers)), V1)


def test_the_rule_of_names() -> None:
    names = ["ema_model.transformer.a", "transformer.b", "initted", "step", "ema_model.mel_spec.mel_stft.mel_scale.fb"]
    assert sources_of(names) == {"transformer.a": "ema_model.transformer.a", "transformer.b": "transformer.b"}


def test_two_tensors_for_one_name_are_refused(published: Path) -> None:
    twice = PROJECTION.removeprefix("ema_model.")
    refused = refusal(changed(published, lambda weights: weights.update({twice: torch.zeros(20, 32)})))
    assert refused.code == "weights-tensors-differ"
    assert f"1 unknown ({twice} a second time)" in refused.message


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_weights_are_cast_and_frequencies_are_not(published: Path, dtype: torch.dtype) -> None:
    file = changed(published, lambda weights: weights.update(halved(weights)))
    flow = load_flow(file, V1, dtype=dtype)
    assert {weight.dtype for weight in flow.parameters()} == {dtype}
    assert torch.equal(flow.transformer.rotary_embed.inv_freq, frequencies(16))


def halved(weights: Weights) -> Weights:
    return {name: tensor.half() for name, tensor in weights.items() if tensor.is_floating_point()}


def test_half_weights_may_be_loaded_in_float32(published: Path) -> None:
    file = changed(published, lambda weights: weights.update(halved(weights)))
    assert load_flow(file, V1).dtype == torch.float32


def test_frequencies_come_from_the_formula_whatever_the_file_says(published: Path) -> None:
    name = "ema_model.transformer.rotary_embed.inv_freq"
    flow = load_flow(changed(published, lambda weights: weights[name].mul_(2)), V1)
    assert torch.equal(flow.transformer.rotary_embed.inv_freq, frequencies(16))


def test_a_renamed_tensor_is_seen_as_one(published: Path) -> None:
    file = changed(published, lambda w: w.update({"ema_model.transformer.proj_end.weight": w.pop(PROJECTION)}))
    refused = refusal(file)
    assert refused.code == "weights-tensor-renamed"
    assert "transformer.proj_out.weight" in refused.message
    assert "transformer.proj_end.weight" in refused.message


def test_a_missing_tensor_is_named(published: Path) -> None:
    refused = refusal(changed(published, lambda weights: weights.pop(PROJECTION)))
    assert refused.code == "weights-tensors-differ"
    assert "1 missing (transformer.proj_out.weight)" in refused.message


def test_missing_frequencies_are_missing_too(published: Path) -> None:
    refused = refusal(changed(published, lambda weights: weights.pop("ema_model.transformer.rotary_embed.inv_freq")))
    assert "1 missing (transformer.rotary_embed.inv_freq)" in refused.message


def test_an_unknown_tensor_is_named(published: Path) -> None:
    refused = refusal(changed(published, lambda weights: weights.update(extra=torch.zeros(3))))
    assert refused.code == "weights-tensors-differ"
    assert "1 unknown (extra)" in refused.message


def test_another_shape_is_named(published: Path) -> None:
    refused = refusal(changed(published, lambda weights: weights.update({PROJECTION: torch.zeros(21, 32)})))
    assert refused.code == "weights-shape"
    assert "transformer.proj_out.weight is [21, 32] instead of [20, 32]" in refused.message


def test_another_vocabulary_says_which_file_is_needed(published: Path) -> None:
    refused = refusal(published, replace(V1, vocabulary=50))
    assert refused.code == "weights-shape"
    assert "transformer.text_embed.text_embed.weight is [41, 24] instead of [51, 24]" in refused.message
    assert "vocabulary" in refused.mend


def test_heads_of_another_width_are_seen(published: Path) -> None:
    refused = refusal(published, replace(V1, heads=4, dim_head=8))
    assert "transformer.rotary_embed.inv_freq is [8] instead of [4]" in refused.message


@pytest.mark.parametrize("dtype", [torch.int32, torch.int8, torch.float64])
def test_another_type_is_named(published: Path, dtype: torch.dtype) -> None:
    refused = refusal(changed(published, lambda weights: weights.update({PROJECTION: weights[PROJECTION].to(dtype)})))
    assert refused.code == "weights-dtype"
    assert f"transformer.proj_out.weight is {str(dtype).removeprefix('torch.')}" in refused.message


@pytest.mark.parametrize(
    ("value", "named"), [(float("nan"), "NaN"), (float("inf"), "infinity"), (-float("inf"), "infinity")]
)
def test_values_that_are_no_numbers_are_named(published: Path, value: float, named: str) -> None:
    def spoil(weights: Weights) -> None:
        weights[PROJECTION][3, 4] = value

    refused = refusal(changed(published, spoil))
    assert refused.code == "weights-not-finite"
    assert f"transformer.proj_out.weight holds {named} in 1 of 640 places" in refused.message


def test_values_beyond_half_precision_are_named(published: Path) -> None:
    def enlarge(weights: Weights) -> None:
        weights[PROJECTION][3, 4] = 70_000.0

    file = changed(published, enlarge)
    load_flow(file, V1)
    refused = refusal(file, dtype=torch.float16)
    assert refused.code == "weights-not-finite"
    assert "transformer.proj_out.weight holds 70000, more than float16 can" in refused.message


def test_large_weights_whose_sum_overflows_are_numbers(published: Path) -> None:
    load_flow(changed(published, lambda weights: weights[PROJECTION].fill_(3e38)), V1)


@pytest.mark.parametrize(
    ("architecture", "asked", "words"),
    [
        (E2, V1, "a UNetT of width 32 and depth 4"),
        (V1, E2, "a DiT of width 32 and depth 2"),
        (replace(BASE, depth=5), BASE, "a DiT of width 32 and depth 5"),
    ],
)
def test_another_network_is_recognised(
    architecture: Architecture, asked: Architecture, words: str, tmp_path: Path
) -> None:
    file = tmp_path / "model.safetensors"
    synthesise_flow(file, architecture)
    refused = refusal(file, asked)
    assert refused.code == "weights-other-network"
    assert f"does not fit {asked.name}; it looks like {words}" in refused.message
    assert len(refused.message) < 900


@pytest.mark.parametrize(
    ("architecture", "words"),
    [
        *zip(PUBLISHED.values(), ("F5-TTS Base", "F5-TTS Base", "E2-TTS Base"), strict=True),
        *zip(SMALL, ("F5-TTS Small", "F5-TTS Small", "E2-TTS Small"), strict=True),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_published_networks_are_recognised_by_name(architecture: Architecture, words: str) -> None:
    with torch.device("meta"):
        assert recognise(shapes_of(Flow(architecture))).startswith(words)


def test_tensors_of_nothing_known_are_not_recognised() -> None:
    assert recognise({"encoder.weight": (3, 4)}) == ""


def test_a_vocoder_in_place_of_the_flow_model(tmp_path: Path) -> None:
    file = tmp_path / "vocos.bin"
    synthesise_vocos(file, VOCODER)
    refused = refusal(file)
    assert refused.code == "weights-other-network"
    assert "Vocos, a vocoder of 2 blocks" in refused.message


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "weights-truncated"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:67\nsize 1348435761\n", "weights-lfs-pointer"),
        (b"<!DOCTYPE html>\n<html><head><title>Not found</title>", "weights-web-page"),
        (b"\n  <html>", "weights-web-page"),
        (b'{"error": "Repository not found"}', "weights-not-a-checkpoint"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "weights-not-a-checkpoint"),
    ],
)
def test_what_is_saved_in_a_checkpoint_s_place_is_named(content: bytes, code: str, tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(content)
    refused = refusal(file)
    assert refused.code == code
    assert isinstance(refused, FileUnreadable)


@pytest.mark.parametrize("kept", [0.001, 0.01, 0.5, 0.999])
@pytest.mark.parametrize("kind", ["safetensors", "pt"])
def test_a_file_without_its_end_is_named(published: Path, kind: str, kept: float) -> None:
    file = published if kind == "safetensors" else torch_file(published, bare)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(kept * len(whole))])
    assert refusal(file).code == "weights-truncated"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert refusal(tmp_path / "absent.safetensors").code == "weights-unreadable"


def test_a_folder_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(GreenroomError) as caught:
        load_flow(tmp_path, V1)
    assert caught.value.code == "weights-unreadable"


def test_the_vocoder_loads_from_its_torch_file(tmp_path: Path) -> None:
    file = tmp_path / "pytorch_model.bin"
    synthesise_vocos(file, VOCODER, seed=2)
    vocoder = load_vocos(file, VOCODER)
    stored = torch.load(file, weights_only=True)
    for name, tensor in vocoder.state_dict().items():
        assert torch.equal(tensor, stored[name])
    assert vocoder.decode(torch.zeros(1, 100, 5)).shape == (1, 1024)


def test_a_flow_model_in_place_of_the_vocoder(published: Path) -> None:
    with pytest.raises(GreenroomError) as caught:
        load_vocos(published)
    assert caught.value.code == "weights-other-network"
    assert "a DiT of width 32 and depth 2" in caught.value.message


def test_a_spoilt_vocoder_is_named(tmp_path: Path) -> None:
    file = tmp_path / "pytorch_model.bin"
    synthesise_vocos(file, VOCODER)
    weights = torch.load(file, weights_only=True)
    weights["head.out.bias"][0] = float("nan")
    torch.save(weights, file)
    with pytest.raises(GreenroomError) as caught:
        load_vocos(file, VOCODER)
    assert caught.value.code == "weights-not-finite"
    assert "head.out.bias holds NaN" in caught.value.message
