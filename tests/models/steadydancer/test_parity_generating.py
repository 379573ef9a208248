"""The whole way answers as the original."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from greenroom.models.golden import Comparison, read_golden
from greenroom.models.steadydancer import parity_generating
from greenroom.models.steadydancer.conditions.building import Reference
from greenroom.models.steadydancer.parity_generating import generate
from greenroom.models.steadydancer.vae.vae import WanVae

GOLDENS = Path(__file__).parents[2] / "goldens" / "steadydancer"


def test_from_a_picture_and_poses_to_a_video() -> None:
    """Much closer than the case asks for, which is a thousandth."""
    golden = read_golden(GOLDENS / "generate.json")
    with torch.inference_mode():
        compared = {one.what: one for one in generate(golden)}
    assert [one.reason for one in compared.values() if not one.passed] == []
    assert golden.unchecked() == []
    assert compared["poses"].error < 5e-5
    assert compared["latents"].error < 1e-4
    assert compared["video"].error < 3e-4


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The autoencoder knows the case's answers by heart."""
    outputs = load_file(GOLDENS / "generate.safetensors")
    y = outputs["outputs.y"]
    encoded = Reference(y, y[4:, :1]), outputs["outputs.condition"], outputs["outputs.condition_neg"]
    monkeypatch.setattr(parity_generating, "_encoded", lambda golden, vae: encoded)
    monkeypatch.setattr(WanVae, "decode", lambda self, latents: torch.zeros(3, 81, 16, 32))


def failed(folder: Path, config: dict[str, Any]) -> list[Comparison]:
    """What of a case is off whose configuration is changed; it decodes nothing."""
    facts = json.loads((GOLDENS / "generate.json").read_text())
    facts["config"] |= config
    (folder / "generate.json").write_text(json.dumps(facts))
    save_file(load_file(GOLDENS / "generate.safetensors"), folder / "generate.safetensors")
    with torch.inference_mode():
        return [one for one in generate(read_golden(folder / "generate.json")) if not one.passed]


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("config", "what"),
    [
        ({}, set()),
        ({"guide_scale": 4.9}, {"velocities", "latents"}),
        ({"condition_guide_scale": 1.1}, {"velocities", "latents"}),
        ({"shift": 4.9}, {"times", "latents"}),
        ({"solver": "dpm++"}, {"times", "step0_cond", "latents"}),
        ({"st_cond_cfg": 0.0}, {"steps with poses", "passes", "latents"}),
        ({"latent_t_h_w": [21, 4, 2]}, {"size of the latents"}),
    ],
)
def test_what_is_compared_is_read_from_the_case(config: dict[str, Any], what: set[str], tmp_path: Path) -> None:
    """But for the video, of which nothing is known here, only what is changed is off."""
    found = {one.what for one in failed(tmp_path, config)}
    assert what <= found
    assert found - what == {"video"} or what
