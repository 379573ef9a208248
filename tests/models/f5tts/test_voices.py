"""Voices by name: kept whole, found again, removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.errors import FileUnreadable, GreenroomError
from greenroom.media.audio import read_audio
from greenroom.models.f5tts.voices import Voices, VoiceUnknown, add_recording
from tests.models.f5tts.recordings import TEXT


@pytest.fixture
def voices(tmp_path: Path) -> Voices:
    return Voices(tmp_path / "voices")


def test_a_voice_is_kept_with_all_that_is_known_of_it(voices: Voices, reference: Path) -> None:
    kept, warnings = add_recording(voices, "joe", reference, TEXT)
    assert warnings == ()
    assert (kept.name, kept.transcript, kept.language) == ("joe", TEXT, "en")
    assert voices.all() == (kept,)
    assert voices.get("joe") == kept
    assert read_audio(voices.recording("joe")).seconds == pytest.approx(kept.seconds, abs=0.001)
    assert len(kept.source_sha256) == 64
    assert kept.created.endswith("Z")


def test_its_words_may_hold_anything_that_is_said(voices: Voices, reference: Path) -> None:
    text = 'He said "no" — C:\\lamp, 你好\u2028 yes.'
    add_recording(voices, "odd", reference, text, check=False)
    assert voices.get("odd").transcript == " ".join(text.split())


@pytest.mark.parametrize(
    "name", ["", "a b", "../joe", "joe/../x", "-x", "pause", "Default", "x" * 65, ".hidden", "a-b"]
)
def test_names_that_cannot_be_asked_for_are_refused(voices: Voices, reference: Path, name: str) -> None:
    with pytest.raises(GreenroomError) as caught:
        add_recording(voices, name, reference, TEXT)
    assert caught.value.code == "voice-name-invalid"
    assert voices.all() == ()


def test_a_name_is_given_once(voices: Voices, reference: Path) -> None:
    add_recording(voices, "joe", reference, TEXT, check=False)
    with pytest.raises(GreenroomError) as caught:
        add_recording(voices, "joe", reference, TEXT, check=False)
    assert caught.value.code == "voice-taken"
    voices.remove("joe")
    assert voices.all() == ()
    add_recording(voices, "joe", reference, TEXT, check=False)


def test_what_fails_leaves_nothing(voices: Voices, tmp_path: Path) -> None:
    (tmp_path / "notes.wav").write_text("no sound")
    with pytest.raises(FileUnreadable, match="not sound"):
        add_recording(voices, "joe", tmp_path / "notes.wav", TEXT)
    assert not (tmp_path / "voices").exists()


def test_an_unknown_voice_is_answered_with_the_likeliest(voices: Voices, reference: Path) -> None:
    with pytest.raises(VoiceUnknown, match="none is stored yet"):
        voices.get("joe")
    add_recording(voices, "joe", reference, TEXT, check=False)
    with pytest.raises(VoiceUnknown) as caught:
        voices.remove("jo")
    assert "did you mean joe" in caught.value.mend


def test_a_damaged_voice_is_named_and_passed_over(voices: Voices, reference: Path, tmp_path: Path) -> None:
    add_recording(voices, "joe", reference, TEXT, check=False)
    (tmp_path / "voices" / "joe" / "voice.toml").write_text("transcript = ")
    assert voices.all() == ()
    with pytest.raises(FileUnreadable, match=r"joe/voice\.toml"):
        voices.get("joe")
