"""Texts that are too long: as much is encoded as can be, and what is not heard is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.models.foley.sounding.wording import worded
from greenroom.models.foley.towers.encoders import LONGEST_TEXT
from tests.models.foley.towers.test_encoders import letters  # a token each letter, and two marks


@pytest.mark.parametrize("text", ["", "rain", "x" * 75, "word " * 15])
def test_what_is_heard_whole_is_left_as_it_is(text: str) -> None:
    assert worded(text, letters, "prompt") == (text.strip(), "")


def test_a_text_that_loses_its_end_mark_alone_loses_no_word() -> None:
    assert worded("x" * 76, letters, "prompt") == ("x" * 76, "")


def test_what_is_cut_is_said() -> None:
    text = "rain falls on a tin roof while somebody walks over gravel and a dog barks far away"
    wording = worded(text, letters, "prompt of shot 2")
    assert wording.text == text, "the encoder sees all of it"
    assert wording.note == (
        "the prompt of shot 2 has 17 words, of which the first 15 are heard, until"
        " '…ebody walks over gravel and a dog barks'; cut is 'far away'"
    )


def test_two_thousand_words_are_encoded_as_far_as_there_are_positions() -> None:
    text = " ".join(f"w{number}" for number in range(2000))
    wording = worded(text, letters, "prompt")
    assert letters([wording.text]).ids.shape[1] <= LONGEST_TEXT
    assert text.startswith(f"{wording.text} ")
    assert "2,000 words, of which the first 21 are heard" in wording.note
    assert "cut is 'w21 w22" in wording.note
    assert len(wording.note) < 200


def test_text_without_spaces_is_counted_in_characters() -> None:
    wording = worded("雨" * 600, letters, "prompt")
    assert wording.text == "雨" * 510
    assert "has 600 characters, of which the first 76 are heard" in wording.note


@given(st.text(max_size=1200))
def test_any_text_can_be_encoded(text: str) -> None:
    wording = worded(text, letters, "prompt")
    assert letters([wording.text]).ids.shape[1] <= LONGEST_TEXT
    assert text.strip().startswith(wording.text)
    assert bool(wording.note) == (len(text.strip()) > 76) or len(text.strip()) > 76
