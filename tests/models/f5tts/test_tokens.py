"""Text to tokens; the published answers are in the golden case ``text_tokens``."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.errors import ExtraMissing
from greenroom.models.f5tts.tokens import published_reader, tokens


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It's 3:45 p.m.; go", "I t ' s _ 3 : 4 5 _ p . m . , _ g o"),
        ("我用Python写", "_ wo3 _ yong4 _ P y t h o n _ xie3"),
        ("你好hello 世界", "_ ni2 _ hao3 _ h e l l o _ _ shi4 _ jie4"),
        ("银行行长", "_ yin2 _ hang2 _ hang2 _ zhang3"),
        ("“真”", '" _ zhen1 "'),
        ("A中B文", "A _ zhong1 B _ wen2"),
        ("𠮷 😀", "𠮷 _ 😀"),
        ("", ""),
    ],
)
def test_tokens_of_mixed_scripts(text: str, found: str) -> None:
    assert tokens(text) == [token.replace("_", " ") for token in found.split()]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_text_has_tokens_and_keeps_what_has_no_reading(text: str) -> None:
    found = tokens(text)
    assert all(found)
    assert [token for token in found if ord(token[0]) > 0xFFFF] == [char for char in text if ord(char) > 0xFFFF]


@given(st.text(st.characters(max_codepoint=126), max_size=40))
def test_plain_text_only_gains_spaces(text: str) -> None:
    assert "".join(tokens(text)).replace(" ", "") == text.replace(" ", "").replace(";", ",")


def test_characters_without_a_reading_keep_their_places() -> None:
    assert published_reader().syllables("は中ひら") == ["は", "zhong1", "ひ", "ら"]


def test_threads_share_the_reader() -> None:
    text = "我用Python写AI代码，银行行长重新走到重庆。"
    with ThreadPoolExecutor(8) as pool:
        assert all(found == tokens(text) for found in pool.map(tokens, [text] * 64))


def test_a_missing_reader_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    published_reader.cache_clear()
    monkeypatch.setitem(sys.modules, "rjieba", None)
    with pytest.raises(ExtraMissing) as missing:
        tokens("a")
    assert "greenroom[models]" in missing.value.mend
