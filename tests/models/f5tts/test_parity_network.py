"""Cases of the network are run from their files alone, and what is wrong in a file fails. The goldens: test_parity."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from greenroom.models.f5tts.architecture import SMALL, Architecture
from greenroom.models.f5tts.flow import Flow
from greenroom.models.f5tts.mel import MelSpec, log_mel
from greenroom.models.f5tts.parity_network import CASES
from greenroom.models.f5tts.sampler import draw_noise, padded, sample
from greenroom.models.golden import run_case
from greenroom.weights.fitting import shapes_of
from tests.models.f5tts.networks import GOLDENS, flow_of, normal

Facts = dict[str, Any]
Tensors = dict[str, Tensor]
OPTIONS = {"dim": 48, "depth": 3, "heads": 3, "dim_head": 16, "ff_mult": 3, "conv_layers": 1, "attn_mask_enabled": True}
MEL = {
    "n_fft": 512, "hop_length": 128, "win_length": 512, "n_mel_channels": 24, "target_sample_rate": 16_000,
    "mel_spec_type": "bigvgan",
}  # fmt: skip
CONFIG = {"backbone": "UNetT", "arch": OPTIONS | {"depth": 4}, "mel_dim": 24, "text_num_embeds": 25, "mel": MEL}


def reasons(folder: Path, name: str, facts: Facts, tensors: Tensors) -> tuple[str, ...]:
    file = folder / f"{name}.json"
    file.write_text(json.dumps({"case": name, "tolerance": {"atol": 1e-5, "rtol": 1e-5}, **facts}))
    save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, folder / f"{name}.safetensors")
    return run_case(file, CASES).reasons


def network(config: Facts) -> Flow:
    architecture = Architecture.from_options(
        "other", config["backbone"], config["arch"], mel_dim=config["mel_dim"], vocabulary=config["text_num_embeds"]
    )
    return flow_of(architecture, seed=5)


@pytest.fixture
def sampled() -> tuple[Facts, Tensors]:
    """A sampler's case of another backbone, other sizes, another front end, and arguments left at their defaults."""
    flow = network(CONFIG)
    wave = normal(3, 4000)
    cond = log_mel(wave, MelSpec("bigvgan", 16_000, 512, 512, 128, 24)).transpose(1, 2)
    text = torch.randint(0, 25, (3, 12), generator=torch.Generator().manual_seed(1))
    text[1, 5:] = -1
    usual = sample(flow, cond, text, 50, seed=3, trajectory=True)
    assert usual.trajectory is not None
    other = sample(
        flow, cond, text, [45, 60, 40], lens=[10, 31, 20], steps=6, cfg_strength=0.5, sway_sampling_coef=-0.4, seed=4,
        ode_method="midpoint", use_epss=False, max_duration=55,
    )  # fmt: skip
    args = {"cond": "inputs.wave", "text": "inputs.text"}
    calls = [
        {
            "op": "flow.sample",
            "args": {**args, "duration": 50, "seed": 3},
            "outputs": {"out": "outputs.a", "state_after_step_30": "outputs.a30", "timesteps": "outputs.t"},
        },
        {
            "op": "flow.sample",
            "args": {
                **args, "duration": [45, 60, 40], "seed": 4, "noise": "inputs.noise", "lens": [10, 31, 20], "steps": 6,
                "cfg_strength": 0.5, "sway_sampling_coef": -0.4, "ode_method": "midpoint", "use_epss": False,
                "max_duration": 55,
            },
            "outputs": {"out": "outputs.b"},
        },
    ]  # fmt: skip
    tensors = {
        "inputs.wave": wave,
        "inputs.text": text,
        "inputs.noise": padded([draw_noise(frames, 24, 4) for frames in (45, 55, 40)], 55),
        "outputs.a": usual.mel,
        "outputs.a30": usual.trajectory[30],
        "outputs.t": torch.linspace(0, 1, 33),
        "outputs.b": other.mel,
    }
    weights = {f"weights.{name}": tensor for name, tensor in flow.state_dict().items()}
    return {"config": CONFIG, "calls": calls}, weights | tensors


def test_sizes_options_and_defaults_are_read_from_the_file(sampled: tuple[Facts, Tensors], tmp_path: Path) -> None:
    assert reasons(tmp_path, "cfm_sample_v1", *sampled) == ()


@pytest.mark.parametrize("key", ["outputs.a", "outputs.a30", "outputs.b", "inputs.noise"])
def test_each_number_is_compared(sampled: tuple[Facts, Tensors], tmp_path: Path, key: str) -> None:
    facts, tensors = sampled
    tensors[key] = tensors[key].clone()
    tensors[key][0, 41, 3] += 0.01
    assert reasons(tmp_path, "cfm_sample_v1", facts, tensors) != ()


@pytest.mark.parametrize("key", ["op", "outputs"])
def test_what_nobody_knows_fails(sampled: tuple[Facts, Tensors], tmp_path: Path, key: str) -> None:
    facts, tensors = sampled
    facts["calls"][0][key] = "flow.train" if key == "op" else {"loss": "outputs.a"}
    [reason, *_] = reasons(tmp_path, "cfm_sample_v1", facts, tensors)
    assert ("flow.train" if key == "op" else "loss") in reason


def test_parts_on_the_way_are_compared(tmp_path: Path) -> None:
    facts = json.loads((GOLDENS / "unett_e2_forward.json").read_text())
    tensors = load_file(GOLDENS / "unett_e2_forward.safetensors")
    key = "outputs.c0.mid.layer0.attn"
    tensors[key] = tensors[key] + 0.01
    [reason] = reasons(tmp_path, "unett_e2_forward", facts, tensors)
    assert reason.startswith("c0.mid.layer0.attn: ")


def test_angles_of_any_length_are_compared(tmp_path: Path) -> None:
    facts = json.loads((GOLDENS / "dit_base_forward.json").read_text())
    tensors = load_file(GOLDENS / "dit_base_forward.safetensors")
    angles = tensors.pop("outputs.rope_angles_8")
    facts["tensors"].pop("outputs.rope_angles_8")
    tensors["outputs.rope_angles_5"] = angles[:, :5]
    assert reasons(tmp_path, "dit_base_forward", facts, tensors) == ()
    tensors["outputs.rope_angles_5"] = angles[:, 1:6]
    assert len(reasons(tmp_path, "dit_base_forward", facts, tensors)) == 1


def test_networks_that_were_never_published_have_names_too(tmp_path: Path) -> None:
    with torch.device("meta"):
        shapes = {name: list(shape) for name, shape in shapes_of(Flow(SMALL[0])).items()}
    assert reasons(tmp_path, "published_keys", {"F5TTS_v1_Small": shapes}, {}) == ()
    [reason] = reasons(tmp_path, "published_keys", {"F5TTS_v1_Small": shapes | {"more": [1]}}, {})
    assert "more" in reason or "names" in reason
    [reason] = reasons(tmp_path, "published_keys", {"F5TTS_v9": shapes}, {})
    assert "F5TTS_v9" in reason
