"""One tiny model for all tests of a process, and recordings for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from greenroom.models.f5tts.voices import FOLDER, Voices, add_recording
from greenroom.models.model import Generated, Work
from greenroom.recipes.inputs.f5tts import F5SpeechInputs
from tests.models.f5tts.recordings import TEXT, recorded
from tests.models.f5tts.tiny import TinyF5

Say = Callable[..., Generated]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded voice says ``TEXT``."""
    return recorded(tmp_path_factory.mktemp("reference"))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory, reference: Path) -> Iterator[TinyF5]:
    """A tiny model, with the voices ``joe`` and ``jim`` stored."""
    data = tmp_path_factory.mktemp("data")
    for name in ("joe", "jim"):
        add_recording(Voices(data / FOLDER), name, reference, TEXT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GREENROOM_DATA", str(data))
        model = TinyF5.load("cpu")
    yield model
    model.speaker.batcher.close()


@pytest.fixture
def say(tiny: TinyF5, reference: Path, tmp_path: Path) -> Say:
    """Ask the tiny model, in the voice of the reference unless another is given; few steps, without captions."""
    count = iter(range(1000))

    def ask(text: str, work: Work | None = None, **more: Any) -> Generated:
        folder = tmp_path / f"request{next(count)}"
        folder.mkdir()
        own = {} if "voice" in more else {"reference": str(reference), "reference_text": TEXT}
        usual = {"steps": 4, "seed": 1, "captions": "", "text": text}
        inputs = F5SpeechInputs.check({**usual, **own, **more})
        return tiny.generate(inputs, work or Work(folder))

    return ask
