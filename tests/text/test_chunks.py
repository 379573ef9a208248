"""Chunks end where a speaker would stop, and lose nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.text.chunks import FIRST, LIMIT, chunks
from greenroom.text.normalise import normalise
from greenroom.text.tokens import speech, writing


def cut(text: str, limit: int = LIMIT, first: int | None = None) -> list[str]:
    return [writing(chunk) for chunk in chunks(normalise(text), limit=limit, first=first or limit)]


def test_a_short_text_is_one_chunk() -> None:
    assert cut("Hello there.") == ["Hello there."]


def test_sentences_are_kept_whole() -> None:
    assert cut("One is here. Two is here. Three is here.", limit=26) == ["One is here. Two is here.", "Three is here."]


@pytest.mark.parametrize(
    "sentence",
    ["Dr. Smith is here.", "J. R. R. Tolkien is here.", "It is 3.5 now.", "I met him, i.e. Bob.", "Use v1.2.3 of it."],
)
def test_no_cut_behind_abbreviations_initials_and_decimals(sentence: str) -> None:
    room = len(speech(normalise(sentence)))
    assert cut(f"{sentence} {sentence}", limit=room + 5) == [sentence, sentence]


def test_a_long_sentence_is_cut_at_clauses_then_at_words() -> None:
    assert cut("He came home late, and she was not there.", limit=26) == [
        "He came home late,",
        "and she was not there.",
    ]
    assert cut("one two three four five six", limit=14) == ["one two three", "four five six"]


def test_chunks_are_of_like_length() -> None:
    """A greedy cut would leave a last chunk of one short sentence."""
    lengths = [len(chunk) for chunk in cut("This is a sentence. " * 7, limit=120)]
    assert max(lengths) < 2 * min(lengths)


def test_paragraphs_are_cut_apart() -> None:
    first, second = "A paragraph that is long enough to stand alone.", "And another one that is long enough as well."
    assert cut(f"{first}\n\n{second}") == [first, second]


def test_headings_share_a_chunk_with_what_follows() -> None:
    text = "Chapter One\n\nIt was a dark and stormy night, as nights are.\n\nThe End"
    assert cut(text) == [text]


def test_the_first_chunk_is_short() -> None:
    pieces = chunks(normalise("This is a sentence of some length. " * 20))
    assert len(speech(pieces[0])) <= FIRST < len(speech(pieces[1])) <= LIMIT


def test_silent_words_stay_with_their_neighbour() -> None:
    assert cut("One is here. 😀 Two is here.", limit=14) == ["One is here. 😀", "Two is here."]
    assert cut("— One is here.\n\n* * *\n\n- Two is here.", limit=14) == ["— One is here.\n\n* * *", "- Two is here."]


def test_text_without_speech_has_no_chunk() -> None:
    assert chunks(normalise("... — !!! 😀")) == ()
    assert chunks(()) == ()


def test_a_word_longer_than_the_limit_is_a_chunk_of_its_own() -> None:
    assert cut("a incomprehensibilities b", limit=5) == ["a", "incomprehensibilities", "b"]


@pytest.mark.parametrize(("limit", "first"), [(0, 5), (5, 0), (-1, -1)])
def test_a_limit_below_one_is_our_mistake(limit: int, first: int) -> None:
    with pytest.raises(ValueError, match="room"):
        chunks((), limit=limit, first=first)


@given(
    st.lists(st.sampled_from(["a", "word,", "end.", "—", "😀", "$3.50", "Dr.", "12", "\n\n", "why?"]), max_size=60),
    st.integers(1, 60),
    st.integers(1, 60),
)
def test_nothing_is_lost_and_each_chunk_speaks(words: list[str], limit: int, first: int) -> None:
    tokens = normalise(" ".join(words))
    pieces = chunks(tokens, limit=limit, first=first)
    speaks = any(token.spoken for token in tokens)
    assert tuple(token for piece in pieces for token in piece) == (tokens if speaks else ())
    for place, piece in enumerate(pieces):
        said = [token for token in piece if token.spoken]
        assert said
        assert len(said) == 1 or len(speech(piece)) <= (limit if place else min(first, limit))
