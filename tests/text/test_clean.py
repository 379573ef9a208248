"""What nobody sees goes, what is seen stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.text.clean import clean, has_speech

CLEANED = [
    ("plain words", "plain words"),
    ("  two \t spaces\n", "two spaces"),
    (
        "no\u00a0break, thin\u2009space, wide\u3000space, narrow\u202fone",
        "no break, thin space, wide space, narrow one",
    ),
    ("soft\u00adhy\u00adphens", "softhyphens"),
    ("\ufeffa byte order mark", "a byte order mark"),
    ("zero\u200bwidth\u2060", "zerowidth"),
    ("\u202eturned\u202c \u2066round\u2069", "turned round"),
    ("bell\x07 null\x00 delete\x7f", "bell null delete"),
    ("\x1b[31mred\x1b[0m", "red"),
    ("half \ud83d a pair", "half a pair"),
    ("\ue000private", "private"),
    ("cafe\u0301", "café"),
    ("“quotes”, ‘too’ — and… dashes–", "“quotes”, ‘too’ — and… dashes–"),
    ("می\u200cخواهم", "می\u200cخواهم"),  # Persian is spelled with this joiner
    ("👩\u200d🚀 ❤\ufe0f", "👩\u200d🚀 ❤\ufe0f"),
    ("joi\u200dner", "joiner"),
    ("", ""),
    (" \n\t\u200b ", ""),
]


@pytest.mark.parametrize(("raw", "text"), CLEANED)
def test_text_is_cleaned(raw: str, text: str) -> None:
    assert clean(raw).text == text


PARAGRAPHS = [
    ("one\ntwo", ["one two"]),
    ("one\r\ntwo\rthree\u2028four", ["one two three four"]),
    ("one\n\ntwo", ["one", "two"]),
    ("one\n \t \n\n\ntwo\n\n", ["one", "two"]),
    ("one\u2029two\x0cthree", ["one", "two", "three"]),
    ("To buy:\n- milk\n- bread", ["To buy:", "- milk", "- bread"]),
    ("1. first\n2) second\n10. tenth", ["1. first", "2) second", "10. tenth"]),
    ("# Title\ntext", ["# Title text"]),
    ("text\n## Title", ["text", "## Title"]),
    ("a -\nb", ["a - b"]),
]


@pytest.mark.parametrize(("raw", "paragraphs"), PARAGRAPHS)
def test_blank_lines_and_list_items_end_paragraphs(raw: str, paragraphs: list[str]) -> None:
    assert clean(raw).text.split("\n\n") == paragraphs


def test_it_is_said_what_was_removed() -> None:
    removed = clean("\x1b[1mbold\x1b[0m \u202eback\u202c so\u00adft \x00").removed
    assert [str(kind) for kind in removed] == [
        "2 terminal escape sequences",
        "1 control characters",
        "2 bidirectional controls",
        "1 soft hyphens",
    ]
    assert not clean("Nothing… to “see” here, é.").removed


def test_stacked_marks_are_cut() -> None:
    """Without it, Unicode's ordering of marks would take minutes for this text."""
    cleaned = clean("a" + "\u0301\u0323" * 100_000)
    assert len(cleaned.text) < 40
    assert str(cleaned.removed[0]).endswith("stacks of combining marks")


@pytest.mark.parametrize("text", ["a", "7", "—x—", "½", "Ⅷ", "你", "٣", "é", "@5"])
def test_letters_and_numbers_are_speech(text: str) -> None:
    assert has_speech(text)


@pytest.mark.parametrize("text", ["", "...", "—", "!!!", "😀 🎉", "\u200b", "* * *", "$ %", "\u3164", "“”"])
def test_marks_and_emoji_are_not_speech(text: str) -> None:
    assert not has_speech(text)


@given(st.text())
def test_cleaning_twice_changes_nothing(raw: str) -> None:
    once = clean(raw).text
    assert clean(once).text == once
    assert not clean(once).removed


@given(st.text())
def test_cleaned_text_can_be_written_and_has_single_spaces(raw: str) -> None:
    text = clean(raw).text
    text.encode()
    assert text == "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
    assert has_speech(text) == has_speech(raw)
