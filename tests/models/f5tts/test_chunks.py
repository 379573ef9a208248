"""Chunks: never too long, seldom short, cut where a speaker stops. The published rule is held by ``chunk_text``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.models.f5tts.chunks import chunks, published_chunks, published_limit, says
from greenroom.models.f5tts.durations import size
from greenroom.text.clean import clean

ENGLISH = (
    "I don't really care what you call me. I've been a silent spectator, watching species evolve, empires rise and "
    "fall. But always remember, I am mighty and enduring."
)
CHINESE = "了解了没？这款棉服不易起球、不褪色也不易皱，就像刚买的一样。你洗过后还是原来的样子；不会变型！"


def test_the_published_limit_is_what_the_pace_fits_into_the_time_left() -> None:
    assert published_limit("x" * 50, 5.0) == 170
    assert published_limit("x" * 50, 5.0, speed=0.5) == 85
    assert published_limit("x" * 50, 24.0) < 0
    assert published_chunks("a. b.", -20) == ["a.", "b."]


def test_a_text_that_fits_is_one_chunk() -> None:
    assert chunks(ENGLISH, size(ENGLISH)) == [ENGLISH]
    assert chunks(CHINESE, size(CHINESE)) == [CHINESE]


def test_chunks_end_at_sentences_then_clauses_then_words() -> None:
    assert chunks(ENGLISH, 115) == [ENGLISH[:115], ENGLISH[116:]]
    assert chunks(ENGLISH, 60) == [
        "I don't really care what you call me.",
        "I've been a silent spectator,",
        "watching species evolve, empires rise and fall.",
        "But always remember, I am mighty and enduring.",
    ]
    endless = "and so it goes on without any end " * 20
    assert all(size(chunk) > 40 for chunk in chunks(endless, 80))


def test_chinese_is_cut_at_its_own_marks_and_never_before_one() -> None:
    assert chunks(CHINESE, 100)[0] == "了解了没？这款棉服不易起球、不褪色也不易皱，就像刚买的一样。"
    for chunk in chunks(CHINESE, 25):
        assert says(chunk[0])


def test_a_word_is_cut_only_where_nothing_else_can_be() -> None:
    word = "a" * 95
    assert all(size(chunk) <= 30 for chunk in chunks(word, 30))
    assert "".join(chunks(word, 30)) == word
    assert chunks(f"one {'b' * 29} two", 30) == ["one", "b" * 29, "two"]


@pytest.mark.parametrize("text", ["Hi. ", "No! Yes. ", "1. "])
def test_a_short_sentence_shares_its_chunk(text: str) -> None:
    for limit in (60, 90, 120):
        assert all(size(chunk) >= limit / 6 for chunk in chunks(text + ENGLISH, limit))


def test_an_abbreviation_ends_no_sentence() -> None:
    assert chunks("We met Dr. Smith there. He was late.", 28) == ["We met Dr. Smith there.", "He was late."]


def test_the_first_chunk_is_short_where_it_is_asked_for() -> None:
    first, *rest = chunks(ENGLISH, 135, first=40)
    assert first == "I don't really care what you call me."
    assert len(rest) == 1
    assert size(chunks(f"Hi. {ENGLISH}", 135, first=40)[0]) > 10


def test_a_paragraph_is_the_best_place_to_cut() -> None:
    text = "One is here. Two is here.\n\nThree is here. Four is here."
    assert chunks(text, 45) == ["One is here. Two is here.", "Three is here. Four is here."]


def test_what_has_nothing_to_say_is_no_chunk() -> None:
    assert chunks("", 10) == []
    assert chunks(" \n ... —", 10) == []
    assert chunks("😀 " * 30, 20) == []
    assert chunks("\ue000", 20) == ["\ue000"]  # a reading is said


@pytest.mark.parametrize(("limit", "first"), [(0, None), (10, 0), (-1, 5)])
def test_a_chunk_has_room(limit: int, first: int | None) -> None:
    with pytest.raises(ValueError, match="needs room"):
        chunks("a", limit, first)


def test_a_letter_keeps_its_marks() -> None:
    assert all(not chunk.startswith("\u0301") for chunk in chunks("e\u0301" * 40, 8))
    assert all("👩" not in chunk.replace("👩\u200d💻", "") for chunk in chunks("a👩\u200d💻" * 20, 20))


texts = st.text(st.sampled_from("aB1 .,;!?\n。，、？你好银行はす–…“”'é😀\u0301"), max_size=200) | st.text(
    st.characters(exclude_categories=["Cs", "Co"]), max_size=60
)


@given(texts, st.integers(1, 80), st.none() | st.integers(1, 80))
def test_no_chunk_is_longer_than_its_limit_and_nothing_said_is_lost(text: str, limit: int, first: int | None) -> None:
    text = clean(text).text
    found = chunks(text, limit, first)
    assert all(says(chunk) and chunk == chunk.strip() for chunk in found)
    for place, chunk in enumerate(found):
        room = min(limit, first or limit) if not place else limit
        # Only a single character, with its marks, may be larger than a chunk.
        assert size(chunk) <= room or sum(char.isalnum() for char in chunk) <= 1
    said = [char for char in text if char.isalnum()]
    assert [char for chunk in found for char in chunk if char.isalnum()] == said


def test_a_long_text_is_cut_in_passing() -> None:
    text = f"{ENGLISH} " * 300
    found = chunks(text, 150)
    assert max(map(size, found)) <= 150
    assert " ".join(found) == text.strip()
