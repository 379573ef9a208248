"""What the tests of reading share."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import pytest

from greenroom.text.clean import clean, has_speech
from greenroom.text.normalise import normalise
from greenroom.text.tokens import speech, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from piper.phonemize_espeak import EspeakPhonemizer

    from greenroom.text.tokens import Token


def check_tokens(text: str, tokens: Sequence[Token]) -> None:
    """The contract: the written words are the cleaned text, the spoken ones are words and pause marks alone."""
    cleaned = clean(text).text
    assert writing(tokens) == cleaned
    assert [token.written for token in tokens] == cleaned.split()
    for token in tokens:
        assert token.spoken or not has_speech(token.written), f"{token} says nothing"
        for word in token.spoken:
            assert re.sub("[.,;:?!]", "", word), f"{token} has a mark without a word"
            assert all(_may_be_spoken(char) for char in word), f"{token} has a sign that is no word"
            assert not re.search("[.,;:?!]{2}", word), f"{token} has two marks"


def _may_be_spoken(char: str) -> bool:
    return unicodedata.category(char)[0] in "LM" or char in "'-.,;:?!"


@pytest.fixture(scope="session")
def contract() -> Callable[[str, Sequence[Token]], None]:
    return check_tokens


@pytest.fixture(scope="session")
def espeak() -> EspeakPhonemizer:
    from piper.phonemize_espeak import EspeakPhonemizer

    return EspeakPhonemizer()


@pytest.fixture(scope="session")
def say(espeak: EspeakPhonemizer) -> Callable[[str], str]:
    """All that is said for a text, once the contract holds and espeak-ng ends its sentences where we do."""

    def say(text: str) -> str:
        tokens = normalise(text)
        check_tokens(text, tokens)
        said = speech(tokens)
        ends = len(re.findall(r"[.?!](?= )", said)) + 1
        assert len(espeak.phonemize("en-us", said)) == ends, f"espeak-ng hears other sentences in {said!r}"
        return " ".join(word for token in tokens for word in token.spoken)

    return say
