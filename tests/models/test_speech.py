"""What every speaking family shares: joining, loudness, streaming."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from greenroom.captions.align.check import Check
from greenroom.captions.align.link import Span
from greenroom.media.audio import read_audio
from greenroom.media.loudness import measure
from greenroom.models.speech import Piece, join, level, stream, time_words
from greenroom.progress import silent
from greenroom.text.tokens import Token

RATE = 22_050


def piece(word: str, seconds: float = 1.0, level: float = 0.2, **more: object) -> Piece:
    time = np.arange(int(seconds * RATE)) / RATE
    samples = (level * np.sin(2 * np.pi * 300 * time)).astype(np.float32)
    defaults: dict[str, object] = {"spans": (Span(0.1, 0.5),)}
    return Piece((Token(word, (word,)),), samples, RATE, **{**defaults, **more})  # type: ignore[arg-type]


def test_joining_moves_times_behind_what_came_before() -> None:
    speech = join([piece("one"), piece("two", 0.5), piece("three")])
    assert speech.audio.seconds == pytest.approx(2.5)
    assert speech.spans is not None
    assert [round(span.start, 3) for span in speech.spans] == [0.1, 1.1, 1.6]
    assert [token.written for token in speech.tokens] == ["one", "two", "three"]


def test_one_piece_without_times_leaves_all_to_the_aligners() -> None:
    speech = join([piece("one"), piece("two", spans=None)])
    assert speech.spans is None
    alignment = time_words(speech, "en-us", [], silent)
    assert alignment.source == "estimate"
    assert alignment.passed_over[0].name == "synthesiser"
    assert all(word.estimated for word in alignment.words)


def test_what_was_heard_is_summed_up_with_its_doubts() -> None:
    good = Check(agrees=True, reason="", words=3, median_s=0.01, p95_s=0.02, max_s=0.05)
    bad = Check(agrees=False, reason="'two' was not heard", words=1, median_s=0.03, p95_s=0.1, max_s=0.3)
    unsure = Check(agrees=None, reason="not checked: no such language")
    heard = join([piece("one", check=good), piece("two", check=bad, tries=2), piece("three", check=unsure)]).heard
    assert heard is not None
    assert (heard.words, heard.median_s, heard.max_s, heard.said_again) == (4, 0.02, 0.3, 1)
    assert heard.doubts == ("“two”: 'two' was not heard",)
    assert join([piece("one", check=unsure)]).heard is None


def test_levelling_reaches_the_target_and_moves_nothing() -> None:
    speech = join([piece("one", 2.0)])
    louder = level(speech, -19.0)
    assert measure(louder.audio).integrated == pytest.approx(-19, abs=0.2)
    assert louder.spans == speech.spans
    assert louder.audio.samples.shape == speech.audio.samples.shape


def test_a_stream_keeps_one_loudness_and_every_sample(tmp_path: Path) -> None:
    """The first piece sets the gain: a whispered second one stays a whisper."""
    file = io.BytesIO()
    seconds = stream([piece("one", 2.0), piece("two", 2.0, level=0.02)], file, "flac", RATE, -19.0)
    (tmp_path / "x").write_bytes(file.getvalue())
    audio = read_audio(tmp_path / "x")
    assert seconds == audio.seconds == pytest.approx(4.0)
    first, second = (np.abs(half).max() for half in np.split(audio.mono, 2))
    assert first / second == pytest.approx(10, rel=0.05)


def test_a_stream_that_begins_with_silence_is_no_error() -> None:
    quiet = Piece((Token("—"),), np.zeros(100, np.float32), RATE, ())
    assert stream([quiet, piece("one")], io.BytesIO(), "wav", RATE, -19.0) > 1
