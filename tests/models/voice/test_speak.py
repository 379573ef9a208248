"""A request to files: listening, saying again, warnings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from greenroom.captions.align.check import Check
from greenroom.errors import InputInvalid, OutputUnwritable
from greenroom.models.spoken import Wanted
from greenroom.models.voice import speak
from greenroom.models.voice.piper import Piper
from greenroom.models.voice.speak import Request, speak_to_files
from greenroom.recipes.inputs.voice import SpeakInputs
from tests.voice import load_once


@pytest.fixture(autouse=True)
def _loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Piper, "load", load_once)


def request(tmp_path: Path, text: str = "One sentence. Another one.", **more: object) -> Request:
    return Request(SpeakInputs(text=text), "voice-joe", Wanted(tmp_path / "x.wav", **more))  # type: ignore[arg-type]


def test_a_piece_that_is_not_heard_as_written_is_said_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first try of the second piece is refused, the second try is taken."""
    heard: list[tuple[str, ...]] = []

    def check(audio: object, words: tuple[str, ...], spans: object, *, language: str) -> Check:
        heard.append(words)
        agrees = len(heard) != 2
        return Check(agrees, "" if agrees else "mumbled", len(words), 0.01, 0.02, 0.03)

    monkeypatch.setattr(speak, "check", check)
    result = speak_to_files(request(tmp_path, captions=("srt",)))
    assert heard == [("One", "sentence"), ("Another", "one"), ("Another", "one")]
    assert result.heard is not None
    assert (result.heard.said_again, result.warnings) == (1, ())


def test_what_stays_doubtful_is_a_warning_and_the_first_try_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = speak_to_files(request(tmp_path))
    before = plain.audio.read_bytes()
    monkeypatch.setattr(speak, "check", lambda *_, **__: Check(False, "mumbled", 2, 0.01, 0.02, 0.03))
    result = speak_to_files(request(tmp_path, captions=("srt",)))
    assert result.warnings == ("“One sentence.”: mumbled", "“Another one.”: mumbled")
    assert result.audio.read_bytes() == before


def test_the_sound_is_the_same_with_captions_and_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every other try is refused: what is said again is said again either way."""
    turns = iter(range(1000))

    def check(*_: object, **__: object) -> Check:
        return Check(next(turns) % 2 == 1, "mumbled", 2, 0.01, 0.02, 0.03)

    monkeypatch.setattr(speak, "check", check)
    plain = speak_to_files(request(tmp_path))
    sound = plain.audio.read_bytes()
    assert (plain.captions, plain.timing) == (None, None)
    assert speak_to_files(request(tmp_path, captions=("srt",))).audio.read_bytes() == sound


def test_a_sound_that_ends_like_its_captions_is_refused_before_it_is_made(tmp_path: Path) -> None:
    asked = Request(SpeakInputs(text="Hi."), "voice-joe", Wanted(tmp_path / "a.json", form="wav", captions=("json",)))
    with pytest.raises(InputInvalid, match=r"both be named 'a\.json'"):
        speak_to_files(asked)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_takes_no_file_is_known_before_the_voice_speaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("greenroom.models.voice.piper.Piper.say", lambda *_, **__: pytest.fail("spoke"))
    (tmp_path / "x.wav").mkdir()
    with pytest.raises(OutputUnwritable, match="is a folder"):
        speak_to_files(request(tmp_path))


def test_a_voice_without_a_sound_for_the_text_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greenroom.models.voice.piper.Piper.phonemize", lambda *_: [])
    with pytest.raises(InputInvalid, match="no sound for any word"):
        speak_to_files(request(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_long_text_keeps_one_loudness_from_piece_to_piece(tmp_path: Path) -> None:
    from greenroom.media.audio import read_audio

    text = "It rained all night, but the tent stayed dry. " * 6
    audio = read_audio(speak_to_files(request(tmp_path, text)).audio)
    power = [float(np.sqrt(np.mean(part**2))) for part in np.array_split(audio.mono, 6)]
    assert max(power) / min(power) < 1.6


def test_progress_counts_up_to_the_end(tmp_path: Path) -> None:
    seen: list[tuple[str, float, float]] = []
    speak_to_files(request(tmp_path, captions=("json",)), step=lambda *said: seen.append(said))
    speaking = [(done, total) for stage, done, total in seen if stage == "speaking"]
    assert speaking == sorted(speaking)
    assert speaking[-1][0] == speaking[-1][1]
    assert json.loads((tmp_path / "x.json").read_text())["cues"]
