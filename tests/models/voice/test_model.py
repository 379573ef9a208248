"""The voice as it is served: many requests to one loaded voice, whole or while it speaks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from greenroom.captions.write import FORMATS
from greenroom.errors import Cancelled, InputInvalid
from greenroom.media.audio import AUDIO_FORMATS, AudioFormat, media_type, read_audio
from greenroom.models.model import Work
from greenroom.models.voice.model import VoiceModel
from greenroom.recipes.inputs.speech import CAPTION_FORMATS
from greenroom.recipes.inputs.voice import SpeechInputs
from tests.media.test_audio import with_header

TEXT = "The lamp is broken. It cost $3.50."


@pytest.fixture(scope="module")
def voice() -> VoiceModel:
    return VoiceModel.load("cpu")


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Path]:
    def fresh() -> Iterator[Path]:
        for number in range(100):
            folder = tmp_path / str(number)
            folder.mkdir()
            yield folder

    return fresh()


def test_what_is_declared_is_what_can_be_written() -> None:
    """The declaration stands below the code that writes, so it repeats the names."""
    assert get_args(SpeechInputs.model_fields["format"].annotation) == AUDIO_FORMATS
    assert CAPTION_FORMATS == FORMATS


def test_captions_are_checked_and_tidied() -> None:
    assert SpeechInputs.check({"text": "Hi.", "captions": " VTT, srt,,vtt"}).caption_formats == ("vtt", "srt")
    assert SpeechInputs.check({"text": "Hi.", "captions": ""}).caption_formats == ()
    with pytest.raises(InputInvalid, match="there is no caption format sub"):
        SpeechInputs.check({"text": "Hi.", "captions": "sub"})


def test_a_request_gives_sound_first_then_captions_and_the_facts(voice: VoiceModel, tmp_path: Path) -> None:
    made = voice.generate(SpeechInputs(text=TEXT, format="mp3", captions="vtt,json"), Work(tmp_path))
    assert [(file.path.name, file.media_type) for file in made.files] == [
        ("speech.mp3", "audio/mpeg"),
        ("speech.vtt", "text/vtt"),
        ("speech.json", "application/json"),
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["speech.json", "speech.mp3", "speech.vtt"]
    assert (made.output["words"], made.output["timing"], made.output["format"]) == (7, "synthesiser", "mp3")
    assert made.output["seconds"] == pytest.approx(read_audio(made.files[0].path).seconds, abs=0.1)
    assert any("evaluation" in line for line in made.output["terms"])
    assert str(tmp_path) not in str(made.output)


def test_one_voice_serves_many_and_keeps_nothing_of_them(voice: VoiceModel, folders: Iterator[Path]) -> None:
    asked = [
        SpeechInputs(text="One."),
        SpeechInputs(text=TEXT, seed=3, speed=1.3, captions="srt"),
        SpeechInputs(text="Good day.", language="en-gb"),
    ]
    first = [voice.generate(inputs, Work(next(folders))) for inputs in asked]
    again = [voice.generate(inputs, Work(next(folders))) for inputs in reversed(asked)]
    for before, after in zip(first, reversed(again), strict=True):
        assert before.output == after.output
        assert [file.path.read_bytes() for file in before.files] == [file.path.read_bytes() for file in after.files]


@pytest.mark.parametrize("form", AUDIO_FORMATS)
def test_a_stream_comes_in_parts_and_is_the_sound(voice: VoiceModel, tmp_path: Path, form: AudioFormat) -> None:
    parts: list[bytes] = []
    inputs = SpeechInputs(text=TEXT, format=form)
    made = voice.generate(inputs, Work(tmp_path, hand_on=parts.append))
    assert len(parts) > 1
    assert made.files == ()
    assert list(tmp_path.iterdir()) == []
    assert VoiceModel.stream_type(inputs) == media_type(form)
    (tmp_path / "x").write_bytes(b"".join(parts))
    assert read_audio(with_header(tmp_path / "x", form)).seconds == pytest.approx(made.output["seconds"], abs=0.1)


def test_a_cancel_is_seen_between_two_sentences_and_leaves_nothing(voice: VoiceModel, folders: Iterator[Path]) -> None:
    def stop_at_the_second(stage: str, done: float, total: float) -> None:
        if done > 0:
            raise Cancelled

    folder = next(folders)
    with pytest.raises(Cancelled):
        voice.generate(SpeechInputs(text=TEXT), Work(folder, step=stop_at_the_second))
    assert list(folder.iterdir()) == []

    def leave(part: bytes) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        voice.generate(SpeechInputs(text=TEXT), Work(folder, hand_on=leave))
    assert voice.generate(SpeechInputs(text="One."), Work(folder)).output["words"] == 1


def test_warming_up_is_a_real_request(voice: VoiceModel, tmp_path: Path) -> None:
    seen: list[str] = []
    voice.warm_up(Work(tmp_path, step=lambda stage, done, total: seen.append(stage)))
    assert "speaking" in seen
