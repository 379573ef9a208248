"""Voices by name and by path, each with its terms."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.errors import UnknownName
from greenroom.models.voice.voices import find_voice


def test_a_voice_of_the_catalogue_has_its_file_and_its_terms() -> None:
    found = find_voice("voice-joe")
    assert found.model.is_file()
    assert "for evaluation" in found.notice
    assert any("research" in line for line in found.terms)
    assert found.terms[-1] == "licences: code GPL-3.0-or-later, weights CC0-1.0"


@pytest.mark.parametrize("path", ["alba.onnx", "./alba.onnx", "/voices/alba.onnx", "voices/alba"])
def test_a_path_is_a_voice_whose_licence_nobody_knows(path: str) -> None:
    found = find_voice(path)
    assert found.model == Path(path)
    assert "not known" in found.notice


@pytest.mark.parametrize("typed", ["joe", "voice-jo", "Voice-Joe"])
def test_a_mistyped_name_is_answered_with_the_one_meant(typed: str) -> None:
    with pytest.raises(UnknownName) as caught:
        find_voice(typed)
    assert "did you mean voice-joe?" in caught.value.mend
    assert "./voice.onnx" in caught.value.mend


def test_another_family_s_model_is_no_voice() -> None:
    with pytest.raises(UnknownName, match="no voice 'f5tts-v1-base'"):
        find_voice("f5tts-v1-base")
