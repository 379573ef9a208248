"""From rows to sound on the CPU: what the engine makes of a checkpoint, and what it refuses to hand on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from greenroom.models.f5tts.checkpoint import load_flow, load_vocos
from greenroom.models.f5tts.engine import Engine
from greenroom.models.f5tts.rows import Row, Sampling, sample_rows
from greenroom.models.f5tts.synthetic import synthesise_flow, synthesise_vocos
from greenroom.models.f5tts.vocoding import Vocoder
from greenroom.models.f5tts.vocos import Vocos, VocosConfig
from greenroom.models.finite import SoundNotFinite
from greenroom.progress import Step
from tests.models.f5tts.networks import V1

_FEW = Sampling(steps=2)
_VOCOS = VocosConfig(mels=20, dim=16, inner=32, depth=1)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("weights")
    flow, vocos = folder / "model.safetensors", folder / "vocos.bin"
    synthesise_flow(flow, V1)
    synthesise_vocos(vocos, _VOCOS)
    return flow, vocos


@pytest.fixture(scope="module")
def engine(files: tuple[Path, Path]) -> Engine:
    flow, vocos = files
    network = load_flow(flow, V1)

    def sample(rows: Sequence[Row], sampling: Sampling, step: Step) -> list[Tensor]:
        return sample_rows(network, rows, sampling, step)

    return Engine(sample, Vocoder(load_vocos(vocos, _VOCOS)), torch.device("cpu"))


def _row(reference: int, frames: int, seed: int, start: int | None = None) -> Row:
    mel = torch.randn(reference, 20, generator=torch.Generator().manual_seed(seed))
    return Row(mel, (3, 4, 5), frames, reference if start is None else start, seed)


def test_a_row_is_heard_from_its_start(engine: Engine) -> None:
    whole, rest = engine.speak([_row(10, 31, 1, start=0), _row(10, 31, 1)], _FEW)
    assert whole.dtype == np.float32
    assert (len(whole), len(rest)) == (30 * 256, 20 * 256)


def test_rows_of_unequal_length_sound_as_they_do_alone(engine: Engine) -> None:
    rows = [_row(10, 40, 1), _row(6, 17, 2), _row(12, 64, 3)]
    for row, sound in zip(rows, engine.speak(rows, _FEW), strict=True):
        np.testing.assert_allclose(sound, engine.speak([row], _FEW)[0], atol=2e-5, rtol=1e-4)


def test_progress_goes_from_sampling_to_vocoding(engine: Engine) -> None:
    told: list[tuple[str, float, float]] = []
    engine.speak([_row(5, 12, 1)], _FEW, lambda stage, done, total: told.append((stage, done, total)))
    assert told == [("sampling", 0, 2), ("sampling", 1, 2), ("sampling", 2, 2), ("vocoding", 0, 1), ("vocoding", 1, 1)]


def test_sound_that_is_no_number_is_not_handed_on(engine: Engine) -> None:
    broken = _row(5, 12, 1)
    broken.conditioning[0, 0] = torch.nan
    with pytest.raises(SoundNotFinite) as caught:
        engine.speak([broken], _FEW)
    assert caught.value.code == "sound-not-finite"
    assert "published hash" in caught.value.mend


def test_when_memory_runs_out_what_was_recorded_is_given_back(files: tuple[Path, Path]) -> None:
    forgotten: list[bool] = []

    def sample(rows: Sequence[Row], sampling: Sampling, step: Step) -> list[Tensor]:
        raise MemoryError("out of memory")

    vocoder = Vocoder(load_vocos(files[1], _VOCOS))
    engine = Engine(sample, vocoder, torch.device("cpu"), forget=lambda: forgotten.append(True))
    with pytest.raises(MemoryError):
        engine.speak([_row(5, 12, 1)], _FEW)
    assert forgotten == [True]


def test_a_device_is_the_thread_s_own_while_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    current: list[torch.device] = []

    @contextmanager
    def of_device(device: torch.device) -> Iterator[None]:
        current.append(device)
        yield
        current.pop()

    monkeypatch.setattr(torch.cuda, "device", of_device)
    second = torch.device("cuda:1")

    def sample(rows: Sequence[Row], sampling: Sampling, step: Step) -> list[torch.Tensor]:
        assert current == [second]
        return [torch.zeros(row.frames, 20) for row in rows]

    vocoder = Vocoder(Vocos(_VOCOS))
    decode = vocoder.decode

    def decode_there(mels: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        assert current == [second]
        return decode(mels)

    monkeypatch.setattr(vocoder, "decode", decode_there)
    [sound] = Engine(sample, vocoder, second).speak([_row(5, 12, 1)], _FEW)
    assert len(sound) == 6 * 256
    assert not current


def test_an_engine_is_loaded_and_warmed(files: tuple[Path, Path], tmp_path: Path) -> None:
    flow, vocos = tmp_path / "model.safetensors", tmp_path / "vocos.bin"
    small = replace(V1, mel_dim=100)
    synthesise_flow(flow, small)
    synthesise_vocos(vocos)
    loaded = Engine.load(small, flow, vocos)
    assert not loaded.packs
    loaded.warm()
    mel = torch.zeros(4, 100)
    assert loaded.speak([Row(mel, (1, 2), 9, 4, 0)], _FEW)[0].shape == (4 * 256,)
