"""A token shows both sides; tokens become a voice's text and the written text again."""

from __future__ import annotations

from greenroom.text.tokens import Break, Token, speech, writing

PRICE = Token("$3.50,", ("three", "dollars", "and", "fifty", "cents,"), Break.CLAUSE)
DASH = Token("—")


def test_an_aligner_gets_words_without_marks() -> None:
    assert PRICE.words == ("three", "dollars", "and", "fifty", "cents")
    assert Token("(„Hallo!“)", ("(„Hallo!“)",)).words == ("Hallo",)


def test_a_word_without_speech_is_silent() -> None:
    assert DASH.silent
    assert not PRICE.silent


def test_ends_are_ordered() -> None:
    assert not PRICE.ends_sentence
    assert Token("x", ("x",), Break.PARAGRAPH).ends_sentence
    assert Token("x", ("x",), Break.PARAGRAPH).ends_paragraph
    assert not Token("x", ("x.",), Break.SENTENCE).ends_paragraph


def test_a_sentence_begins_with_a_capital_for_the_voice() -> None:
    """espeak-ng goes on after a full stop that no capital follows."""
    tokens = [Token("Go.", ("go.",), Break.SENTENCE), Token("3", ("three",)), Token("men", ("men",), Break.PARAGRAPH)]
    assert speech(tokens) == "go. Three men."


def test_a_paragraph_ends_with_a_stop_for_the_voice() -> None:
    heading = Token("Title", ("Title",), Break.PARAGRAPH)
    assert speech([heading, Token("text", ("text",))]) == "Title. Text"
    assert speech([Token("Why?", ("why?",), Break.PARAGRAPH)]) == "why?"


def test_silent_words_leave_no_trace_in_speech() -> None:
    assert speech([Token("a", ("a,",)), DASH, Token("b", ("b",))]) == "a, b"
    assert speech([DASH]) == ""
    assert speech([]) == ""


def test_the_written_text_comes_back() -> None:
    tokens = [Token("One", ("one",), Break.PARAGRAPH), Token("two", ("two",)), Token("—", (), Break.PARAGRAPH)]
    assert writing(tokens) == "One\n\ntwo —"
    assert writing([]) == ""
