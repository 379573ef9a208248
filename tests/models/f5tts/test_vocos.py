"""The vocoder: lengths, padded rows, and torch's own inverse transform. Equality with the original: test_parity."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch

from greenroom.errors import UnknownName
from greenroom.models.f5tts.vocos import Head, InverseSTFT, Vocos, VocosConfig
from greenroom.weights.synthesise import synthesise
from tests.models.f5tts.networks import GOLDENS, normal

CENTER = VocosConfig(mels=20, dim=32, inner=64, depth=2, n_fft=256, hop=64)
SAME = replace(CENTER, padding="same")
each_padding = pytest.mark.parametrize("config", [CENTER, SAME], ids=lambda config: config.padding)


def vocoder(config: VocosConfig) -> Vocos:
    made = Vocos(config)
    shapes = {name: tuple(tensor.shape) for name, tensor in made.named_parameters()}
    made.load_state_dict(dict(synthesise(shapes, seed=3)), strict=False)
    return made.eval().requires_grad_(False)


@pytest.mark.parametrize(("config", "samples"), [(CENTER, 29 * 64), (SAME, 30 * 64)], ids=("center", "same"))
def test_the_padding_says_how_many_samples(config: VocosConfig, samples: int) -> None:
    wave = vocoder(config).decode(normal(2, 20, 30))
    assert wave.shape == (2, samples)
    assert wave.isfinite().all()
    assert wave.std() > 1e-3


@each_padding
def test_a_padded_row_is_what_it_is_alone(config: VocosConfig) -> None:
    made = vocoder(config)
    mel = normal(3, 20, 50)
    frames = [50, 7, 31]
    batch = made.decode(mel, torch.tensor(frames))
    for row, count in enumerate(frames):
        single = made.decode(mel[row : row + 1, :, :count])[0]
        torch.testing.assert_close(batch[row, : len(single)], single, atol=1e-6, rtol=1e-5)


@each_padding
def test_what_pads_a_row_without_its_length_is_heard(config: VocosConfig) -> None:
    made = vocoder(config)
    mel = normal(1, 20, 50)
    single = made.decode(mel[:, :, :31])[0]
    assert (made.decode(mel)[0, : len(single)] - single).abs().max() > 1e-2


def test_the_inverse_transform_is_torch_s() -> None:
    spectrum = torch.complex(normal(2, 129, 12, seed=1), normal(2, 129, 12, seed=2))
    theirs = torch.istft(spectrum, 256, 64, window=torch.hann_window(256), center=True)
    torch.testing.assert_close(InverseSTFT(CENTER)(spectrum), theirs, atol=1e-6, rtol=1e-5)


def test_loud_magnitudes_are_cut() -> None:
    head = Head(CENTER)
    head.out.weight.data.zero_()
    head.out.bias.data = normal(258)  # the upper half are phases
    head.out.bias.data[:129] = 4.0
    below = head(torch.zeros(1, 9, 32)).abs().max()
    head.out.bias.data[:129] = 50.0
    loud = head(torch.zeros(1, 9, 32)).abs().max()
    torch.testing.assert_close(loud / below, 100 / torch.tensor(4.0).exp())


def test_it_has_the_published_names() -> None:
    theirs = json.loads((GOLDENS / "published_keys.json").read_text())["vocos-mel-24khz"]
    with torch.device("meta"):
        ours = Vocos().state_dict()
    assert {name: list(tensor.shape) for name, tensor in ours.items()} == theirs


def test_published_options_give_the_published_configuration() -> None:
    options = {
        "n_mels": 100, "dim": 512, "intermediate_dim": 1536, "num_layers": 8, "n_fft": 1024, "hop_length": 256,
        "padding": "center",
    }  # fmt: skip
    assert VocosConfig.from_options(options) == VocosConfig()


@pytest.mark.parametrize(("options", "named"), [({"layers": 3}, "'layers'"), ({"padding": "valid"}, "'valid'")])
def test_unknown_options_are_named(options: dict[str, object], named: str) -> None:
    with pytest.raises(UnknownName, match=named):
        VocosConfig.from_options(options)
