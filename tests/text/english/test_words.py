"""Written words are taken apart; look-alike characters are read alike."""

from __future__ import annotations

import pytest

from greenroom.text.english.words import Words, fold, spread, take_apart


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("word", ("", "word", "")),
        ("“$3.50”,", ('"', "$3.50", '",')),
        ("(see", ("(", "see", "")),
        ("p.m.,", ("", "p.m", ".,")),
        ("-3.5", ("", "-3.5", "")),
        ("...and", ("...", "and", "")),
        ("—Hello", ("—", "Hello", "")),
        ("’90s", ("'", "90s", "")),
        ("!!!", ("", "", "!!!")),
        (".5", ("", ".5", "")),
    ],
)
def test_words_are_taken_apart(written: str, parts: tuple[str, str, str]) -> None:
    piece = take_apart(written)
    assert (piece.lead, piece.core, piece.tail) == parts
    assert piece.written == written


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("“x” ‘y’ … −5", "\"x\" 'y' ... -5"),
        ("ﬁne ＡＢＣ１２３", "fine ABC123"),
        ("٣४", "34"),
        ("①Ⅷ℃", "1VIII°C"),
        ("½ m² – —", "½ m² – —"),
        ("é你", "é你"),
        ("𐄐", "10"),
    ],
)
def test_look_alikes_are_folded(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_looking_beyond_the_ends_finds_nothing() -> None:
    words = Words([take_apart("one"), take_apart("two")])
    assert len(words) == 2
    assert [words.core(at) for at in (-1, 0, 1, 2, 8)] == ["", "one", "two", "", ""]
    assert words.linked(0)
    assert not words.linked(1)


def test_spoken_words_are_spread_over_written_ones() -> None:
    assert [said.words for said in spread(("a", "b", "c", "d", "e"), 3)] == [("a", "b"), ("c",), ("d", "e")]
