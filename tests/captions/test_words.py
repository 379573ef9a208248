"""Transcripts are read and checked; a refusal names the word."""

from __future__ import annotations

import math
from typing import Any

import pytest

from greenroom.captions.words import Transcript, Word, WordsInvalid, checked_words, clean_text, read_words


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ("plain", "plain"),
        ("  two\t words\r\n", "two words"),
        ("line\u2028paragraph\u2029end\x85", "line paragraph end"),
        ("no\u00a0break \u3000wide", "no break wide"),
        ("\ufeffzero\u200bwidth\u200b ", "zerowidth"),
        ("nul\x00", "nul"),
        ("\u200b \ufeff", ""),
        ("\u200d\u200e\u2060", ""),
        ("می\u200cخواهم", "می\u200cخواهم"),  # the joiner that Persian needs stays
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("\u0600", "\u0600"),  # Arabic number sign: a format character that is seen
    ],
)
def test_white_space_becomes_one_space_and_the_unseen_goes(written: str, cleaned: str) -> None:
    assert clean_text(written) == cleaned


def test_a_transcript_is_read_with_its_options() -> None:
    read = read_words(
        {
            "words": [{"w": "Hi", "s": 0, "e": 0.5, "who": "Ann", "score": 0.9}, {"w": "2026", "estimated": True}],
            "options": {"max_chars": 30},
            "audio_end": 4,
        }
    )
    assert read == Transcript(
        (Word("Hi", 0.0, 0.5, "Ann"), Word("2026", estimated=True)), audio_end=4.0, options={"max_chars": 30}
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], r"a transcript is an object"),
        ({}, r"words is None"),
        ({"words": "one two"}, r"words is 'one two', not a list"),
        ({"words": ["one"]}, r"word 1 is 'one', not an object"),
        ({"words": [{"w": "a"}, {"word": "b"}]}, r"word 2: w is missing"),
        ({"words": [{"w": 7}]}, r"word 1: w is 7"),
        ({"words": [{"w": "a", "s": "1.0", "e": 2}]}, r"word 1 'a': s is '1.0', not a time"),
        ({"words": [{"w": "a", "s": 1, "e": True}]}, r"word 1 'a': e is True"),
        ({"words": [{"w": "a", "s": 1, "e": 10**400}]}, r"word 1 'a': e is 1000"),
        ({"words": [{"w": "a", "who": 3}]}, r"word 1 'a': who is 3"),
        ({"words": [{"w": "a", "estimated": "yes"}]}, r"word 1 'a': estimated is 'yes'"),
        ({"words": [], "options": [1]}, r"options is \[1\]"),
        ({"words": [], "audio_end": "5"}, r"audio_end is '5'"),
        ({"words": [], "audio_end": True}, r"audio_end is True"),
        ({"words": [], "audio_end": -1}, r"audio_end is -1"),
        ({"words": [], "audio_end": math.nan}, r"audio_end is nan"),
    ],
)
def test_what_is_no_transcript_is_refused(data: Any, said: str) -> None:
    with pytest.raises(WordsInvalid, match=said) as refused:
        read_words(data)
    assert refused.value.code == "words-invalid"
    assert refused.value.mend


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([Word("one", 0.0, 0.4), Word("two", 0.9, 0.5)], "word 2 'two' ends at 0.5 s, before it begins at 0.9 s"),
        ([Word("far", 36000.4, 36000.3)], "ends at 36000.3 s, before it begins at 36000.4 s"),
        ([Word("x", math.nan, 1.0)], "word 1 'x': nan s is not a time"),
        ([Word("x", 0.0, math.inf)], "word 1 'x': inf s is not a time"),
        ([Word("x", -0.1, 1.0)], "word 1 'x': -0.1 s is not a time"),
        ([Word("x", 4e6, 4e6)], "word 1 'x': 4000000 s is not a time"),
        ([Word("a", 2.0, 2.5), Word("b", 1.7, 3.0)], "word 2 'b' is said at 1.7 s, and a word before it at 2 s"),
        ([Word("a", 2.0, 2.5), Word("b", None, 1.0)], "word 2 'b' is said at 1 s, and"),
        ([Word("a", 9.0, 9.5, "Ann"), Word("b", 3.9, 9.0, "Bob")], "word 2 'b' is said at 3.9 s, and"),
        ([Word("a", 9, 9, "A"), Word("b", 9, 9, "B"), Word("c", 8.7, 9, "A")], "word 3 'c' is said at 8.7 s, and"),
        ([Word("half \ud83d", 1.0, 2.0)], "word 1 .* has half of a surrogate pair"),
        ([Word("x", 1.0, 2.0, who="\udc00")], "word 1 'x' has half of a surrogate pair"),
    ],
)
def test_what_cannot_have_been_said_is_refused(words: list[Word], said: str) -> None:
    with pytest.raises(WordsInvalid, match=said):
        checked_words(words)


@pytest.mark.parametrize(
    "words",
    [
        [Word("a", 1.0, 1.0), Word("b", 1.0, 1.0)],  # no duration
        [Word("a", 1.0, 1.4), Word("b", 1.2, 1.6)],  # a small overlap
        [Word("a", 1.0, 1.4), Word("b", 0.8, 1.6)],  # an aligner's hesitation
        [Word("a", 5.0, 9.0, "Ann"), Word("b", 1.0, 3.0, "Bob")],  # two voices at once
        [Word("a", 1.0, 0.9996)],  # arithmetic on the way
    ],
)
def test_what_aligners_and_talk_bring_about_is_taken(words: list[Word]) -> None:
    assert checked_words(words) == words


def test_places_count_words_that_are_dropped() -> None:
    with pytest.raises(WordsInvalid, match="word 3 'c'"):
        checked_words([Word("a", 0.0, 0.1), Word(" ", 9.0, 1.0), Word("c", 2.0, 1.0)])


def test_a_word_may_end_but_not_begin_well_after_the_sound() -> None:
    last = Word("end", 4.9, 7.0)
    assert checked_words([last], audio_end=5.0) == [last]
    with pytest.raises(WordsInvalid, match=r"word 1 'end' is said at 4.9 s, after the end of the sound at 4.3 s"):
        checked_words([last], audio_end=4.3)


def test_names_of_voices_are_cleaned() -> None:
    assert checked_words([Word("a", who=" Ann\n B "), Word("b", who="\u200b")]) == [Word("a", who="Ann B"), Word("b")]
