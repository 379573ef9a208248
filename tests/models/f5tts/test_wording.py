"""Words, their readings, and the chunks that they are said in."""

from __future__ import annotations

import pytest

from greenroom.models.f5tts.script import Spoken, parse
from greenroom.models.f5tts.wording import NothingToSay, chunks_of, language_of, refuse_silence, said_of, words_of
from greenroom.text.clean import clean


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello.", "en"),
        ("你好。", "zh"),
        ("我用Python写AI代码", "zh"),
        ("He said 你好 to me yesterday.", "en"),
        ("123", "en"),
    ],
)
def test_the_language_is_that_of_most_letters(text: str, language: str) -> None:
    assert language_of(text) == language
    assert language_of(text, "EN_gb") == "en-gb"


def test_english_is_said_in_words_and_shown_as_written() -> None:
    words = words_of("It cost $3.50 🎉 on 12 May.", "en")
    assert said_of(words, "en") == "It cost three dollars and fifty cents on the twelfth of May."
    assert [word.written for word in words] == ["It", "cost", "$3.50", "🎉", "on", "12", "May."]


def test_chinese_is_said_as_written_with_latin_words_in_place() -> None:
    text = "我用Python写AI代码,效果very good! 今天 ok🎉。"
    words = words_of(text, "zh")
    assert said_of(words, "zh").strip() == "我用Python写AI代码,效果very good! 今天 ok。"
    assert "".join(word.written for word in words).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    "text", ["One, two. " * 30, "你好世界，今天天气很好。" * 20, "Ohne Punkt " * 40, "Hm — what — now?"]
)
def test_chunks_hold_every_word_once_and_in_order(text: str) -> None:
    language = language_of(text)
    words = words_of(clean(text).text, language)
    cut = chunks_of(words, language, limit=80, first=30)
    assert [word for chunk in cut for word in chunk.tokens] == list(words)
    assert all(len(chunk.said.encode()) <= 80 for chunk in cut)
    assert len(cut[0].said.encode()) <= 30
    for chunk in cut:
        assert "".join(said_of(chunk.tokens, language).lower().split()) == "".join(chunk.said.lower().split())


def test_what_is_read_as_told_passes_the_normaliser() -> None:
    script = parse("Go to {银行|yin2 hang2} now. It is 3 km.")
    (span,) = script.spans
    assert isinstance(span, Spoken)
    words = words_of(span.text, "en")
    assert [script.written(word.written) for word in words] == ["Go", "to", "银行", "now.", "It", "is", "3", "km."]
    assert script.written(said_of(words, "en")) == "Go to 银行 now. It is three kilometers."


@pytest.mark.parametrize(("text", "says"), [("", "is empty"), ("...—!?", "no letter"), ("🎉👍🏽", "no letter")])
def test_what_has_nothing_to_say_is_refused(text: str, says: str) -> None:
    with pytest.raises(NothingToSay, match=says):
        refuse_silence(text)
