"""Words without times get some between their neighbours, at the pace of speech."""

from __future__ import annotations

import pytest

from greenroom.captions.placing import place_words, spoken_s
from greenroom.captions.words import Word


def times(words: list[Word], audio_end: float | None = None) -> list[tuple[float, float]]:
    return [(round(word.start or 0, 3), round(word.end or 0, 3)) for word in place_words(words, audio_end)]


def test_placed_words_are_left_alone() -> None:
    words = [Word("one", 0.0, 0.4), Word("two", 0.5, 0.9)]
    assert place_words(words) == words


def test_a_number_takes_longer_than_its_letters() -> None:
    assert spoken_s("2026") == pytest.approx(4 * spoken_s("word") / 1.0)
    assert spoken_s("日本") > spoken_s("ab")
    assert spoken_s("…") > 0


def test_a_gap_is_shared_by_what_takes_how_long() -> None:
    words = [Word("It", 0.0, 0.5), Word("abcd"), Word("ab"), Word("or", 1.1, 1.3)]
    assert times(words) == [(0.0, 0.5), (0.5, 0.9), (0.9, 1.1), (1.1, 1.3)]
    assert [word.estimated for word in place_words(words)] == [False, True, True, False]


def test_a_long_silence_is_behind_a_word_or_before_a_sentence() -> None:
    ends = spoken_s("lost")
    assert times([Word("go", 0.0, 1.0), Word("lost"), Word("on", 60.0, 60.5)])[1] == (1.0, round(1.0 + ends, 3))
    assert times([Word("Go.", 0.0, 1.0), Word("Lost"), Word("on.", 60.0, 60.5)])[1] == (round(60.0 - ends, 3), 60.0)


def test_words_before_the_first_end_with_it() -> None:
    assert times([Word("abc"), Word("go", 5.0, 5.2)])[0] == (4.8, 5.0)
    assert times([Word("abcdef"), Word("go", 0.1, 0.2)])[0] == (0.0, 0.1)


def test_words_behind_the_last_stay_inside_the_sound() -> None:
    assert times([Word("go", 0.0, 1.0), Word("abcdef")]) == [(0.0, 1.0), (1.0, 1.4)]
    assert times([Word("go", 0.0, 1.0), Word("abcdef")], audio_end=1.1)[1] == (1.0, 1.1)
    assert times([Word("go", 0.0, 1.0), Word("abcdef")], audio_end=0.9)[1] == (0.9, 0.9)


def test_a_sound_of_which_only_the_words_are_known_is_shared() -> None:
    assert times([Word("abc"), Word("abc")], audio_end=1.0) == [(0.0, 0.5), (0.5, 1.0)]
    assert times([Word("abc"), Word("abc")], audio_end=60.0) == [(0.0, 0.2), (0.2, 0.4)]
    assert times([Word("abc"), Word("abc")]) == [(0.0, 0.2), (0.2, 0.4)]


def test_the_other_time_follows_from_the_one_that_is_known() -> None:
    words = [Word("go", 0.0, 1.0), Word("abc", 1.5), Word("abc", None, 2.0), Word("abcdef", 2.5), Word("x", 2.6, 3.0)]
    assert times(words)[1:4] == [(1.5, 1.7), (1.8, 2.0), (2.5, 2.6)]
    assert [word.estimated for word in place_words(words)] == [False, True, True, True, False]


def test_an_end_behind_unplaced_words_leaves_them_their_place() -> None:
    assert times([Word("go", 0.0, 2.0), Word("lost"), Word("abcdef", None, 2.1)]) == [(0, 2.0), (2.0, 2.0), (2.0, 2.1)]


def test_no_room_is_no_time_and_no_error() -> None:
    assert times([Word("go", 0.0, 1.0), Word("lost"), Word("on", 0.9, 1.5)])[1] == (0.9, 0.9)
