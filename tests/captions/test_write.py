"""The door: only what is asked for is made, and what was made can be counted."""

from __future__ import annotations

import subprocess
import sys

import pytest

from greenroom.captions.options import CaptionInputs
from greenroom.captions.words import Word
from greenroom.captions.write import FORMATS, caption_files, make_captions
from greenroom.errors import UnknownName

HELLO = [Word("Hello", 0.0, 0.4), Word("there.", 0.5, 0.9)]


def test_only_what_is_asked_for_is_made() -> None:
    assert list(caption_files(HELLO, ["json", "srt", "json"])) == ["json", "srt"]
    assert caption_files(HELLO, []) == {}
    assert list(caption_files(HELLO, "vtt")) == ["vtt"]
    assert set(caption_files(HELLO, FORMATS)) == {"srt", "vtt", "ass", "csv", "json"}


def test_an_unknown_format_is_refused_before_anything_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greenroom.captions.write.make_captions", lambda *_: pytest.fail("made"))
    with pytest.raises(UnknownName, match="'src'") as refused:
        caption_files(HELLO, ["srt", "src"])
    assert "did you mean srt?" in refused.value.mend
    assert all(name in refused.value.message for name in FORMATS)


def test_what_was_made_can_be_counted() -> None:
    words = [Word("incomprehensibilities" * 3, 0.0, 0.2), Word("ok", 5.0, 5.5)]
    captions = make_captions(words)
    assert (len(captions.cues), captions.fast, captions.long) == (2, 1, 1)


def test_options_may_be_checked_already() -> None:
    options = CaptionInputs(max_chars=30)
    assert make_captions(HELLO, options).options is options


def test_words_are_cleaned_and_placed() -> None:
    captions = make_captions([Word(" Hello\n", 0.0, 0.4), Word("\u200b"), Word("2026")], audio_end=2.0)
    assert [(word.text, word.estimated) for word in captions.words] == [("Hello", False), ("2026", True)]


def test_nothing_heavy_is_imported() -> None:
    heavy = {"numpy", "torch", "av", "click", "rich"}
    code = f"import sys, greenroom.captions.write; print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
