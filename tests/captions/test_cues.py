"""What is on the screen, and when."""

from __future__ import annotations

from typing import Any

import pytest

from greenroom.captions.cues import Cue
from greenroom.captions.words import Word, WordsInvalid
from greenroom.captions.write import make_captions


def said(text: str, start: float = 1.0, each: float = 0.3, who: str | None = None) -> list[Word]:
    return [
        Word(word, round(start + at * each, 3), round(start + (at + 1) * each, 3), who)
        for at, word in enumerate(text.split())
    ]


def cues(words: list[Word], audio_end: float | None = None, **options: Any) -> tuple[Cue, ...]:
    return make_captions(words, options, audio_end).cues


def shown(words: list[Word], audio_end: float | None = None, **options: Any) -> list[tuple[int, int]]:
    return [(cue.start, cue.end) for cue in cues(words, audio_end, **options)]


def texts(words: list[Word], **options: Any) -> list[str]:
    return [cue.text for cue in cues(words, **options)]


def test_a_cue_comes_and_goes_with_its_words() -> None:
    assert shown(said("three short words")) == [(1000, 1900)]


def test_a_short_word_stays_for_the_minimum() -> None:
    assert shown(said("Yes.")) == [(1000, 1833)]
    assert shown(said("Yes."), audio_end=1.5) == [(1000, 1500)]


def test_the_minimum_does_not_push_the_next_cue() -> None:
    words = [*said("Yes.", who="Ann"), *said("No, never again.", start=1.5, who="Bob")]
    assert shown(words) == [(1000, 1417), (1500, 2400)]


def test_a_cue_stays_until_it_can_be_read_but_not_longer_than_its_tail() -> None:
    fast = said("understandable incomprehensibilities", each=0.5)  # 36 letters in a second
    assert shown(fast) == [(1000, 2810)]
    assert [cue.fast for cue in cues(fast)] == [False]
    assert shown(fast, tail_s=0.2) == [(1000, 2200)]
    assert [cue.fast for cue in cues(fast, tail_s=0.2)] == [True]


def test_chaining_closes_short_gaps_alone() -> None:
    first, near, far = said("Come in now.", each=0.4), said("Sit down.", 2.5, 0.5), said("Take it.", 4.3, 0.5)
    assert shown([*first, *near, *far]) == [(1000, 2200), (2500, 3500), (4300, 5300)]
    assert shown([*first, *near, *far], chain_s=0.5) == [(1000, 2417), (2500, 3500), (4300, 5300)]
    assert shown([*first, *near], chain_s=0.5, break_pause_s=0.2) == [(1000, 2200), (2500, 3500)]


def test_another_voice_is_another_cue() -> None:
    words = [*said("yes", who="Ann"), *said("no", 1.3, who="Bob"), *said("so", 1.6)]
    assert [(cue.text, cue.who) for cue in cues(words)] == [("yes", "Ann"), ("no", "Bob"), ("so", None)]


def test_a_voice_that_cuts_in_is_shown_when_it_speaks() -> None:
    words = [*said("this is what I said", each=0.4, who="Ann"), *said("stop it", 2.6, who="Bob")]
    assert shown(words) == [(1000, 2600), (2600, 3433)]


def test_a_voice_that_talks_over_another_waits_until_that_could_be_seen() -> None:
    words = [*said("this is what I said", each=0.4, who="Ann"), *said("stop it", 1.2, who="Bob")]
    assert shown(words) == [(1000, 1833), (1833, 2666)]


def test_cues_at_one_instant_share_the_time_that_is_free() -> None:
    words = [Word("lost", 2.0, 2.0)] * 40 + said("found", 4.4)
    assert shown(words, max_s=5) == [(2000, 2717), (2800, 3517), (3600, 4317), (4400, 5233)]


def test_cues_at_the_end_of_the_sound_stay_inside_it() -> None:
    words = [Word("last", 3.0, 3.0)] * 40
    assert shown(words, audio_end=3.0)[-1] == (2990, 3000)
    with pytest.raises(WordsInvalid, match=r"a sound of 0.02 s is too short to show 3 captions"):
        cues([Word("last", 0.0, 0.0)] * 40, audio_end=0.02)


def test_a_word_longer_than_a_cue_may_be_keeps_its_time_and_is_marked() -> None:
    (cue,) = cues([Word("free", 1.0, 10.5)])
    assert (cue.start, cue.end, cue.long) == (1000, 10500, True)


def test_a_word_wider_than_a_line_is_not_cut() -> None:
    long = "x" * 50
    found = cues(said(f"see {long} here"))
    assert [cue.long for cue in found if long in cue.text.split("\n")] == [True]
    assert [line.text for cue in found for line in cue.lines].count(long) == 1


def test_a_long_word_keeps_the_mark_that_may_not_leave_it() -> None:
    assert texts([Word("漢" * 12, 0.0, 1.0), Word("。", 1.0, 1.1)], join="", max_chars=10) == ["漢" * 12 + "。"]


def test_lines_are_few_and_about_equally_long() -> None:
    assert texts(said("one line of words")) == ["one line of words"]
    assert texts(said("the first half of it, and the second half of it.")) == [
        "the first half of it,\nand the second half of it."
    ]


def test_a_number_does_not_stand_alone_on_the_last_line() -> None:
    """Lax SRT readers take it for the number of the next cue."""
    (text,) = texts(said("abcdefghi abcdefghi 2026", each=0.9), max_chars=19)
    assert text.split("\n")[-1] != "2026"


def test_sentences_have_their_own_cues_unless_they_are_short() -> None:
    assert texts(said("This is the first sentence. And this is the second one.", each=0.4)) == [
        "This is the first sentence.",
        "And this is the second one.",
    ]
    assert texts(said("He came. She left.", each=0.25)) == ["He came. She left."]


def test_a_pause_ends_a_cue() -> None:
    assert texts([*said("He opened the"), *said("box", 3.4)]) == ["He opened the", "box"]


def test_max_lines_is_used_when_it_must_be() -> None:
    (cue,) = cues(said("alpha beta gamma delta"), max_chars=6, max_lines=4)
    assert [line.text for line in cue.lines] == ["alpha", "beta", "gamma", "delta"]


def test_no_words_no_cues() -> None:
    assert cues([]) == ()
