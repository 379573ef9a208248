"""The published models as they are found and loaded, or named with what is missing."""

from __future__ import annotations

import gc
import threading
from pathlib import Path
from typing import get_args

import pytest
import torch

from greenroom.errors import GreenroomError
from greenroom.models.f5tts.model import F5Model
from greenroom.models.f5tts.rows import Row, Sampling
from greenroom.models.model import Work
from greenroom.models.registry import find
from greenroom.recipes.inputs.f5tts import F5SpeechInputs
from greenroom.recipes.inputs.voice import SpeechInputs
from tests.models.f5tts.tiny import TinyF5

PUBLISHED = ("f5tts-v1-base", "f5tts-base", "e2tts-base")


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without weights."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("GREENROOM_WEIGHTS", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", PUBLISHED)
def test_without_weights_it_says_what_to_get(nowhere: Path, name: str) -> None:
    served = find(name)
    assert (served.concurrency, served.streams) == (32, True)
    with pytest.raises(GreenroomError) as caught:
        served.model.load("cpu")
    assert caught.value.code == "weights-missing"
    assert "CC-BY-NC-4.0 (non-commercial)" in caught.value.message
    assert "vocab.txt" in caught.value.message
    assert caught.value.mend.startswith(f"greenroom pull {name}; ")
    assert str(nowhere) not in caught.value.message


def test_weights_that_are_cut_short_are_named(nowhere: Path) -> None:
    for file, length in (
        ("SWivid/F5-TTS/F5TTS_v1_Base/model_1250000.safetensors", 1000),
        ("SWivid/F5-TTS/F5TTS_v1_Base/vocab.txt", 13_800),
        ("charactr/vocos-mel-24khz/pytorch_model.bin", 54_365_991),
    ):
        path = nowhere / file
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as made:
            made.truncate(length)
    with pytest.raises(GreenroomError, match="has 1,000 bytes here and 1,348,435,761 as published") as caught:
        find("f5tts-v1-base").model.load("cpu")
    assert caught.value.code == "weights-damaged"


def test_what_is_declared_is_what_every_voice_can_be_asked_to_write() -> None:
    ours, theirs = F5SpeechInputs.model_fields["format"], SpeechInputs.model_fields["format"]
    assert get_args(ours.annotation) == get_args(theirs.annotation)
    assert {name: values["steps"] for name, values in F5SpeechInputs.presets.items()} == {
        "Draft": 7, "Fast": 16, "Best": 32,
    }  # fmt: skip


def test_warming_up_makes_sound(tiny: TinyF5, tmp_path: Path) -> None:
    seen: list[str] = []
    tiny.warm_up(Work(tmp_path, step=lambda stage, done, total: seen.append(stage)))
    assert "warming" in seen
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_is_let_go_ends_its_thread() -> None:
    model: F5Model | None = TinyF5.load("cpu")
    assert model is not None
    batches = {thread for thread in threading.enumerate() if thread.name == "f5tts-batches"}
    model.speaker.batcher.speak(Row(torch.zeros(20, 100), (1, 2), 40, 20, seed=0), Sampling(steps=1))
    (own,) = {thread for thread in threading.enumerate() if thread.name == "f5tts-batches"} - batches
    model = None
    gc.collect()
    own.join(60)
    assert not own.is_alive()
