"""Texts that are too long: as much is encoded as can be, and what is not heard is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.models.foley.sounding.wording import worded
from greenroom.models.foley.towers.clap_tokenizer import ClapTokenizer
from greenroom.models.foley.towers.encoders import LONGEST_TEXT
from tests.models.foley.tower_parts import tokenizer_file
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
    assert not wording.note or len(text.strip()) > 76


@pytest.fixture(scope="module")
def of_bytes(tmp_path_factory: pytest.TempPathFactory) -> ClapTokenizer:
    """The published kind, where a letter of another script has two tokens or more, and an emoji four."""
    return ClapTokenizer(tokenizer_file(tmp_path_factory.mktemp("tokenizer")))


@pytest.mark.parametrize("text", ["дождь на крыше", "🌧️ on a roof 🏠", "雨が屋根に"])
def test_other_scripts_and_emoji_are_heard(of_bytes: ClapTokenizer, text: str) -> None:
    assert worded(text, of_bytes, "prompt") == (text, "")


def test_what_is_cut_of_another_script_is_said_in_whole_words(of_bytes: ClapTokenizer) -> None:
    heard, cut = "дождь стучит по крыше, собака лает", "вдалеке, хлопает дверь"
    wording = worded(f"{heard} {cut}", of_bytes, "prompt")
    assert wording.text == f"{heard} {cut}"
    assert wording.note == (f"the prompt has 9 words, of which the first 6 are heard, until '{heard}'; cut is '{cut}'")


def test_an_emoji_is_never_cut_in_two(of_bytes: ClapTokenizer) -> None:
    wording = worded("🌧" * 200, of_bytes, "prompt")
    assert wording.text == "🌧" * 127, "with the marks of begin and end, 510 tokens of 512"
    assert wording.note == (
        f"the prompt has 200 characters, of which the first 19 are heard, until '{'🌧' * 19}'; cut is '{'🌧' * 38}…"
    )
