"""Lines and cues break where a reader would pause."""

from __future__ import annotations

import pytest

from greenroom.captions.breaks import FORBIDDEN, GLUED, break_costs, ends_sentence
from greenroom.captions.options import CaptionInputs
from greenroom.captions.track import Track
from greenroom.captions.words import Word


def costs(*texts: str, gap: float = 0.0, **options: object) -> list[int]:
    """What each break costs, but for the last."""
    words = [Word(text, at * (1 + gap), at * (1 + gap) + 1) for at, text in enumerate(texts)]
    chosen = CaptionInputs.check(options)
    return break_costs(Track.of(words, chosen), chosen)[0][:-1]


def test_the_order_of_preference_is_the_style_guides() -> None:
    sentence, clause, conjunction, preposition, plain, weak, article, letter = (
        costs(*pair)[0]
        for pair in [
            ("done.", "Then"),
            ("done,", "then"),
            ("done", "and"),
            ("done", "with"),
            ("done", "soon"),
            ("we", "went"),
            ("the", "house"),
            ("house", "!"),
        ]
    )
    assert sentence < clause < conjunction < preposition < plain < weak < GLUED <= article < FORBIDDEN <= letter


@pytest.mark.parametrize(
    ("word", "after"),
    [
        ("a", "b"),
        ("of", "it"),
        ("and", "so"),
        ("my", "hat"),
        ("Dr.", "Who"),
        ("Mr.", "Smith"),
        ("(", "so"),
        ("so", ")"),
        ("so", "»"),
        ("„", "so"),
        ("so", "—"),
    ],
)
def test_what_one_reads_on_from_is_not_parted(word: str, after: str) -> None:
    assert costs(word, after)[0] >= GLUED


@pytest.mark.parametrize(
    ("word", "after"), [("of,", "it"), ("in.", "Then"), ("house", "“so"), (".NET", "runs"), ("it", ".NET")]
)
def test_punctuation_frees_and_letters_are_no_punctuation(word: str, after: str) -> None:
    assert costs(word, after)[0] < GLUED


@pytest.mark.parametrize("lang", ["de", "de-AT", "DE_at"])
def test_the_language_brings_its_own_small_words(lang: str) -> None:
    assert costs("hinter", "Bergen", lang=lang)[0] >= GLUED > costs("hinter", "Bergen", lang="en")[0]
    assert costs("the", "house", lang=lang)[0] < GLUED


@pytest.mark.parametrize(
    ("lang", "text"), [("de", "der"), ("fr", "les"), ("es", "las"), ("it", "gli"), ("pt", "dos"), ("nl", "het")]
)
def test_articles_of_every_language_are_known(lang: str, text: str) -> None:
    assert costs(text, "x", lang=lang)[0] >= GLUED


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("end.", True),
        ("end.”", True),
        ("end!)", True),
        ("。", True),
        ("؟", True),
        ("wait…", True),
        ("Dr.", False),
        ("e.g.", False),
        ("J.", False),
        ("I.", True),
        ("a,", False),
        ("3.5", False),
        ('"', False),
    ],
)
def test_a_full_stop_is_not_always_the_end(text: str, ends: bool) -> None:
    assert ends_sentence(text) is ends


def test_an_abbreviation_ends_a_sentence_before_a_capital() -> None:
    assert costs("p.m.", "Then")[0] < costs("p.m.", "then")[0]


def test_a_closing_quote_on_its_own_ends_what_the_word_before_it_ended() -> None:
    inner, behind = costs("行く。", "」", "朝", join="", lang="ja")
    assert inner >= FORBIDDEN
    assert behind == costs("done.", "Then")[0]


def test_a_pause_makes_a_break_better_and_an_overlap_worse() -> None:
    assert costs("done", "soon", gap=0.4)[0] < costs("done", "soon")[0] < costs("done", "soon", gap=-0.1)[0] + 200
    words = [Word("yes", 0.0, 1.2, "Ann"), Word("no", 1.0, 2.0, "Bob")]
    options = CaptionInputs()
    assert break_costs(Track.of(words, options), options)[0][0] > costs("yes", "no")[0]


@pytest.mark.parametrize(
    ("word", "after", "free"),
    [
        ("は", "雪", True),  # a particle, then a noun
        ("が", "デ", True),
        ("降", "り", False),  # a stem and its ending
        ("り", "ま", False),
        ("タ", "セ", False),  # inside a loan word
        ("昨", "日", False),
        ("G", "P", False),
        ("雪", "デ", True),
    ],
)
def test_japanese_phrases_end_where_hiragana_ends(word: str, after: str, free: bool) -> None:
    assert (costs(word, after, join="", lang="ja")[0] < GLUED) is free


@pytest.mark.parametrize("after", list("。、）」ーょっャ々：…"))
def test_what_closes_never_begins_a_line(after: str) -> None:
    assert costs("雪", after, join="", lang="ja")[0] >= FORBIDDEN


def test_chinese_letters_may_part() -> None:
    assert costs("昨", "日", join="", lang="zh-Hant")[0] < GLUED
