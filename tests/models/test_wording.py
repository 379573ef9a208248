"""What is left out of a text is said."""

from __future__ import annotations

from greenroom.models.wording import cut_off


def test_words_are_counted() -> None:
    said = cut_off("rain on a roof and thunder", "rain on a", "prompt", "heard")
    assert (
        said == "the prompt has 6 words, of which the first 3 are heard, until 'rain on a'; cut is 'roof and thunder'"
    )


def test_letters_are_counted_where_there_are_no_words() -> None:
    said = cut_off("雨" * 1200, "雨" * 1000, "negative prompt", "read")
    assert said.startswith("the negative prompt has 1,200 characters, of which the first 1,000 are read, until '…雨")


def test_long_texts_are_shown_in_part() -> None:
    said = cut_off("word " * 100, "word " * 50, "prompt", "read")
    assert len(said) < 200
