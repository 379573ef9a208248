"""Invented checkpoints: the published layout to the byte, and values that a network makes something of."""

from __future__ import annotations

from math import prod
from pathlib import Path

import pytest
import torch

from greenroom.errors import OutputUnwritable
from greenroom.models.f5tts.architecture import PUBLISHED, Architecture
from greenroom.models.f5tts.checkpoint import load_flow, load_vocos
from greenroom.models.f5tts.rows import Sampling, sample_rows
from greenroom.models.f5tts.synthetic import flow_layout, synthesise_flow, synthesise_vocos
from greenroom.models.f5tts.vocos import VocosConfig
from greenroom.weights.synthesise import layout
from tests.models.f5tts.networks import V1, VARIANTS, normal, row


@pytest.mark.parametrize(("name", "size"), [("f5tts-v1-base", 1_348_435_761), ("e2tts-base", 1_333_924_465)])
def test_a_published_file_would_have_its_published_size(name: str, size: int) -> None:
    shapes, fixed = flow_layout(PUBLISHED[name])
    header, order = layout(shapes, fixed)
    tensors = sum(4 * prod(shape) for shape in shapes.values())
    assert len(header) + tensors + sum(tensor.nbytes for tensor in fixed.values()) == size
    assert order[0] == "step"
    assert order[-1] == "initted"


def test_a_seed_gives_the_same_file_and_another_seed_another(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("one", "same", "other")]
    for file, seed in zip(files, (1, 1, 2), strict=True):
        synthesise_flow(file, V1, seed)
    one, same, other = (file.read_bytes() for file in files)
    assert one == same
    assert one != other


@pytest.mark.parametrize("architecture", VARIANTS, ids=lambda a: a.name)
def test_what_it_says_is_finite_and_depends_on_its_reference(architecture: Architecture, tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    synthesise_flow(file, architecture)
    flow = load_flow(file, architecture)
    one, other = sample_rows(flow, [row(60, 20, 30), row(60, 21, 30)], Sampling(steps=7))
    assert one.isfinite().all()
    assert 0.3 < float(one[20:].std()) < 30
    assert (one - other)[21:].abs().max() > 0.01


@pytest.mark.parametrize("architecture", VARIANTS, ids=lambda a: a.name)
def test_every_weight_counts(architecture: Architecture, tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    synthesise_flow(file, architecture)
    flow = load_flow(file, architecture).requires_grad_(True)
    text = torch.arange(30)[None]
    flow.transformer(normal(1, 40, 20), normal(1, 40, 20, seed=1), text, torch.tensor(0.3)).square().sum().backward()
    idle = [name for name, weight in flow.named_parameters() if weight.grad is None or not weight.grad.any()]
    # A bias of the keys moves all scores of a query alike, which softmax does not see; rotated heads see it.
    assert [name for name in idle if not name.endswith("to_k.bias")] == []


def test_a_vocoder_makes_a_sound(tmp_path: Path) -> None:
    file = tmp_path / "vocos.bin"
    config = VocosConfig(dim=32, inner=64, depth=2)
    synthesise_vocos(file, config)
    wave = load_vocos(file, config).decode(normal(1, 100, 40) - 4)
    assert wave.isfinite().all()
    assert 1e-3 < float(wave.std()) < 1
    assert float(wave.abs().max()) < 3


def test_its_own_features_are_those_of_a_mel(tmp_path: Path) -> None:
    file = tmp_path / "vocos.bin"
    config = VocosConfig(dim=16, inner=32, depth=1)
    synthesise_vocos(file, config)
    tone = torch.sin(torch.arange(8000) * 0.3)[None]
    loudest = load_vocos(file, config).feature_extractor(tone)[0, :, 10].argmax()
    assert 30 < int(loudest) < 50  # 1146 Hz lies two fifths up the HTK scale


def test_a_place_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputUnwritable, match="cannot be written"):
        synthesise_flow(tmp_path / "absent" / "model.safetensors", V1)
    with pytest.raises(OutputUnwritable, match="cannot be written"):
        synthesise_vocos(tmp_path / "absent" / "vocos.bin", VocosConfig(dim=16, inner=32, depth=1))
