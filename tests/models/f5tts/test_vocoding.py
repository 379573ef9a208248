"""Mels to sound: alone by a graph, or in groups, each as it is by itself."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from greenroom.models.f5tts import vocoding
from greenroom.models.f5tts.vocoding import Vocoder
from greenroom.models.f5tts.vocos import Vocos, VocosConfig
from greenroom.weights.synthesise import synthesise
from tests.models.f5tts.networks import normal
from tests.models.f5tts.recorded import Repeated

_CONFIG = VocosConfig(mels=20, dim=16, inner=32, depth=2)
_MELS = [normal(frames, 20, seed=frames) for frames in (30, 5, 64, 65, 1)]


@pytest.fixture
def vocos() -> Vocos:
    network = Vocos(_CONFIG)
    shapes = {name: tuple(tensor.shape) for name, tensor in network.named_parameters()}
    network.load_state_dict(dict(synthesise(shapes, 0)), strict=False)
    return network.eval().requires_grad_(False)


@pytest.fixture
def graphs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Graphs without CUDA: the frames of each that is recorded."""
    recorded: list[int] = []

    class Noted(Repeated[torch.Tensor]):
        def __init__(self, work: Any, pool: Any) -> None:
            super().__init__(work, pool)
            recorded.append(self.result.shape[1] // _CONFIG.hop + 1)

    monkeypatch.setattr(vocoding, "Recorded", Noted)
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", object)
    return recorded


def _by_itself(vocos: Vocos, mel: torch.Tensor) -> torch.Tensor:
    return vocos.decode(mel.T[None])[0]


def test_mels_of_any_length_sound_as_they_do_alone(vocos: Vocos, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocoding, "_FRAMES", 100)
    for mel, sound in zip(_MELS, Vocoder(vocos).decode(_MELS), strict=True):
        torch.testing.assert_close(sound, _by_itself(vocos, mel), atol=1e-5, rtol=1e-4)


def test_a_graph_serves_every_length_up_to_its_own(vocos: Vocos, graphs: list[int]) -> None:
    vocoder = Vocoder(vocos, graphs=True)
    for mel in _MELS:
        [sound] = vocoder.decode([mel])
        torch.testing.assert_close(sound, _by_itself(vocos, mel), atol=1e-5, rtol=1e-4)
    assert graphs == [64, 128]


def test_so_many_graphs_are_kept_those_used_last(
    vocos: Vocos, graphs: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vocoding, "_GRAPHS", 2)
    vocoder = Vocoder(vocos, graphs=True)
    for frames in (64, 128, 64, 192, 64, 128):
        vocoder.decode([normal(frames, 20)])
    assert graphs == [64, 128, 192, 128]
