"""A text to pieces, a piece to sound with times, the same whether streamed or whole."""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.captions.align.soundswallower import SoundSwallower
from greenroom.errors import Cancelled, InputInvalid, UnknownName
from greenroom.models.speech import Piece, join
from greenroom.models.voice import synthesis
from greenroom.models.voice.piper import Piper
from greenroom.models.voice.synthesis import plan, say, say_piece
from greenroom.progress import silent
from greenroom.recipes.inputs.voice import SpeakInputs
from greenroom.text.tokens import writing
from tests.models.voice.sentences import SENTENCES


def speak(voice: Piper, text: str, **inputs: object) -> list[Piece]:
    asked = SpeakInputs.check({"text": text, **inputs})
    return list(say(voice, asked, plan(voice, asked)))


def test_pieces_are_sentences_and_lose_nothing(joe: Piper) -> None:
    text = "Dr. Smith left. He paid $3.50! — Why?\n\nNobody knows."
    pieces = plan(joe, SpeakInputs(text=text)).pieces
    assert [writing(piece) for piece in pieces] == ["Dr. Smith left.", "He paid $3.50!", "— Why?", "Nobody knows."]


def test_a_long_sentence_is_cut_where_one_would_breathe(joe: Piper) -> None:
    text = "We walked along the river, " * 40 + "and came home."
    pieces = plan(joe, SpeakInputs(text=text)).pieces
    assert len(pieces) > 3
    assert all(piece[-1].written.endswith((",", ".")) for piece in pieces)


def test_the_same_seed_gives_the_same_sound_in_any_order(joe: Piper) -> None:
    asked = SpeakInputs(text="One sentence. Another one. And a third.", seed=5)
    planned = plan(joe, asked)
    forward = [say_piece(joe, asked, planned, place).samples for place in range(3)]
    backward = [say_piece(joe, asked, planned, place).samples for place in (2, 1, 0)][::-1]
    for one, other in zip(forward, backward, strict=True):
        np.testing.assert_array_equal(one, other)
    again = say_piece(joe, asked, planned, 0, attempt=1).samples
    assert len(again) != len(forward[0]) or not np.array_equal(again, forward[0])


def test_a_pause_follows_a_sentence_a_longer_one_a_paragraph_none_the_end(joe: Piper) -> None:
    asked = SpeakInputs(text="Yes. Yes.\n\nYes, and this is long enough to stand alone here. Yes.")
    silences = [
        sum(1 for _ in itertools.takewhile(lambda x: x == 0, piece.samples[::-1])) / joe.rate
        for piece in say(joe, asked, plan(joe, asked))
    ]
    assert silences[0] == pytest.approx(0.2, abs=0.01)
    assert silences[1] == pytest.approx(0.6, abs=0.01)
    assert silences[-1] < 0.01


def test_every_spoken_word_has_a_span_in_order(joe: Piper) -> None:
    speech = join(
        speak(joe, "Dr. Smith paid $3.50 on 12/05/1999 for 3 GPUs, e.g. an RTX-4090; it's 50% off & re-usable.")
    )
    assert speech.spans is not None
    assert len(speech.spans) == sum(len(token.words) for token in speech.tokens)
    edges = [edge for span in speech.spans for edge in (span.start, span.end)]
    assert edges == sorted(edges)
    assert edges[-1] <= speech.audio.seconds
    assert all(span.end > span.start for span in speech.spans)


def test_word_times_are_those_an_aligner_hears(joe: Piper) -> None:
    """Starts and ends within 25 ms (median) and 60 ms (95th percentile) of SoundSwallower's."""
    apart: list[float] = []
    for text in SENTENCES[1::2]:  # benchmarks/alignment.py takes them all
        for piece in speak(joe, text):
            assert piece.spans is not None
            heard = SoundSwallower().align(piece.audio, piece.words, "en-us", silent)
            assert None not in heard, text
            for told, other in zip(piece.spans, heard, strict=True):
                assert other is not None
                apart += [abs(told.start - other.start), abs(told.end - other.end)]
    assert len(apart) > 200
    assert np.median(apart) < 0.025
    assert np.percentile(apart, 95) < 0.060


@pytest.mark.parametrize("text", ["...", "—", "🎉", "\u200b"])
def test_nothing_to_say_is_refused(joe: Piper, text: str) -> None:
    with pytest.raises(InputInvalid, match="text"):
        plan(joe, SpeakInputs(text=text))


@settings(max_examples=10, deadline=None)
@given(st.text(min_size=1, max_size=20))
def test_any_text_is_said_or_refused(joe: Piper, text: str) -> None:
    with contextlib.suppress(InputInvalid):
        for piece in speak(joe, text):
            assert np.isfinite(piece.samples).all()


def test_languages_are_those_of_the_phonemizer(joe: Piper) -> None:
    assert joe.language in joe.languages()
    assert {"en-gb", "de", "fr", "cmn"} <= set(joe.languages())
    assert plan(joe, SpeakInputs(text="Colour.", language="en_GB")).language == "en-gb"
    for code in joe.languages():
        joe.phonemize("one", code)  # every code that is listed is one that the phonemizer takes
    with pytest.raises(UnknownName, match="no language 'klingon'"):
        plan(joe, SpeakInputs(text="nuqneH", language="klingon"))


def test_a_step_can_stop_it_between_pieces(joe: Piper) -> None:
    seen: list[tuple[str, float, float]] = []

    def step(stage: str, done: float, total: float) -> None:
        seen.append((stage, done, total))
        if done > 0:
            raise Cancelled

    asked = SpeakInputs(text="One sentence. Another one. And a third.")
    with pytest.raises(Cancelled):
        list(say(joe, asked, plan(joe, asked), step))
    assert seen[0][:2] == ("speaking", 0)
    assert 0 < seen[-1][1] < seen[-1][2]


def test_a_giant_word_is_said_in_bounded_pieces(joe: Piper, monkeypatch: pytest.MonkeyPatch) -> None:
    """More digits without a space than one run of the network takes: none is lost, and no run is long."""
    monkeypatch.setattr(synthesis, "_MOST_PHONEMES", 100)  # a hundred phonemes are six seconds of sound
    runs: list[int] = []
    real = Piper.say

    def counted(self: Piper, phonemes: list[str], **more: Any) -> Any:
        runs.append(len(phonemes))
        return real(self, phonemes, **more)

    monkeypatch.setattr(Piper, "say", counted)
    speech = join(speak(joe, "7" * 30))
    assert len(runs) > 1
    assert max(runs) <= 100
    assert speech.spans is not None
    assert len(speech.spans) == 30
