"""Scripts: voices, pauses and readings; the published forms are held by the golden case ``multi_voice``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.errors import InputInvalid, UnknownName
from greenroom.models.f5tts.chunks import chunks
from greenroom.models.f5tts.durations import size
from greenroom.models.f5tts.script import MarkInvalid, Pause, Reading, Spoken, parse, published_web
from greenroom.models.f5tts.tokens import tokens

VOICES = ("town", "country")


def test_plain_text_is_one_span() -> None:
    assert parse("  Just text; 3 < 4, {x} [1]. ").spans == (Spoken("Just text; 3 < 4, {x} [1]."),)
    assert parse(" \n").spans == ()


@pytest.mark.parametrize(
    ("mark", "seconds"),
    [
        ("[pause 0.5s]", 0.5),
        ("[pause 500ms]", 0.5),
        ("[pause  2 s ]", 2.0),
        ("[pause .25s]", 0.25),
        ('<break time="500ms"/>', 0.5),
        ("<break time='1.5s' />", 1.5),
        ('<break strength="weak" time="1s"></break>', 1.0),
    ],
)
def test_pauses(mark: str, seconds: float) -> None:
    assert parse(f"One. {mark} Two.").spans == (Spoken("One."), Pause(seconds), Spoken("Two."))
    assert parse(mark).spans == (Pause(seconds),)


def test_a_pause_of_no_length_only_divides() -> None:
    assert parse("One. [pause 0s] Two.").spans == (Spoken("One."), Spoken("Two."))


@pytest.mark.parametrize(
    "mark", ["[pause]", "[pause 5]", "[pause long]", "<break/>", '<break time="x"/>', "[pause -1s]"]
)
def test_a_pause_without_a_length_is_refused(mark: str) -> None:
    with pytest.raises(MarkInvalid, match="does not say how long"):
        parse(f"One {mark} two")


def test_a_pause_of_an_hour_is_refused() -> None:
    with pytest.raises(MarkInvalid, match="is over 30 s"):
        parse("[pause 3600s]")


def test_voices_speak_until_the_next() -> None:
    script = parse("Lead. [town] A [country speed=0.8 seed=3] B [pause 1s] C [town] D", VOICES)
    assert script.spans == (
        Spoken("Lead."),
        Spoken("A", "town"),
        Spoken("B", "country", 0.8, 3),
        Pause(1.0),
        Spoken("C", "country", 0.8, 3),
        Spoken("D", "town"),
    )


def test_a_voice_that_is_not_there_is_refused_and_without_voices_there_is_no_tag() -> None:
    with pytest.raises(UnknownName, match="no voice 'twon'") as caught:
        parse("[twon] A", VOICES)
    assert r"or write \[" in caught.value.mend
    assert parse("[twon] A").spans == (Spoken("[twon] A"),)
    assert parse("[not a tag] A", VOICES).spans == (Spoken("[not a tag] A"),)


@pytest.mark.parametrize("options", ["speed=fast", "speed=9", "speed=nan", "seed=-1", "seed=1.5", "loud=1", "speed="])
def test_options_of_a_voice_are_checked(options: str) -> None:
    with pytest.raises(MarkInvalid, match=options.split("=", maxsplit=1)[0]):
        parse(f"[town {options}] A", VOICES)


@pytest.mark.parametrize(
    ("mark", "readings"),
    [
        ("{hang2}", [("hang2", "hang2")]),
        ("{银行|yin2 hang2}", [("银", "yin2"), ("行", "hang2")]),
        ("{LÜ4 de5}", [("lv4", "lv4"), ("de", "de")]),
        ('<phoneme alphabet="pinyin" ph="hang2">行</phoneme>', [("行", "hang2")]),
        ("<phoneme ph='hang2' alphabet='x-pinyin'>行</phoneme>", [("行", "hang2")]),
    ],
)
def test_readings(mark: str, readings: list[tuple[str, str]]) -> None:
    script = parse(f"去{mark}。")
    (span,) = script.spans
    assert isinstance(span, Spoken)
    assert list(script.readings.values()) == [Reading(*reading) for reading in readings]
    assert script.written(span.text) == "去" + "".join(written for written, _ in readings) + "。"
    said = [part for _, syllable in readings for part in (" ", syllable)]
    assert script.tokens(tokens(span.text)) == [" ", "qu4", *said, "。"]


def test_a_reading_counts_as_a_chinese_character_and_is_never_cut() -> None:
    script = parse("{银行|yin2 hang2}" * 40)
    (span,) = script.spans
    assert isinstance(span, Spoken)
    assert size(span.text) == size("银行" * 40)
    cut = chunks(span.text, 30)
    assert all(size(chunk) <= 30 for chunk in cut)
    assert script.tokens(tokens("".join(cut))) == [" ", "yin2", " ", "hang2"] * 40


@pytest.mark.parametrize(
    "mark",
    ["{银行|yin2}", "{行|yin2 hang2}", '<phoneme alphabet="ipa" ph="x">行</phoneme>', "<phoneme>行</phoneme>"],
)
def test_readings_that_do_not_fit_are_refused(mark: str) -> None:
    with pytest.raises(MarkInvalid):
        parse(mark)


def test_a_syllable_that_nobody_can_say_is_refused() -> None:
    assert parse("{hang2}", syllables=["hang2"]).readings
    with pytest.raises(MarkInvalid, match="no syllable 'hagn2'"):
        parse("{hagn2}", syllables=["hang2"])


def test_a_backslash_takes_the_meaning_away() -> None:
    assert parse(r"\[pause 1s] \{hang2} \<break time='1s'/> \[town]", VOICES).spans == (
        Spoken("[pause 1s] {hang2} <break time='1s'/> [town]"),
    )


def test_private_characters_of_the_text_read_nothing() -> None:
    script = parse("\ue000{hang2}\ue001")
    assert script.written("".join(span.text for span in script.spans if isinstance(span, Spoken))) == "hang2"


pieces = st.sampled_from(
    [
        "One. ",
        "好。",
        "[pause 1s]",
        "[town]",
        "{hang2}",
        "{行|hang2}",
        "\\[",
        "[",
        "]",
        "{",
        "}",
        "<",
        ">",
        "|",
        " ",
        "<break",
    ]
)


@given(st.lists(pieces, max_size=12).map("".join) | st.text(max_size=30))
def test_any_text_is_read_or_refused_by_name(text: str) -> None:
    try:
        script = parse(text, VOICES)
    except InputInvalid as refused:
        assert refused.mend  # noqa: PT017 - it may be refused, and need not be
        return
    assert sum(span.seconds for span in script.spans if isinstance(span, Pause)) == text.count(
        "[pause 1s]"
    ) - text.count("\\[pause 1s]")
    for span in script.spans:
        if isinstance(span, Spoken):
            assert span.text == span.text.strip() != ""
            assert span.voice in (None, "town", "country")
            assert len(script.tokens(list(span.text))) == len(span.text) + sum(c in script.readings for c in span.text)


@given(st.text(st.characters(exclude_characters="[]{}<>\\", exclude_categories=["Co", "Cs"]), max_size=50))
def test_text_without_marks_is_unchanged(text: str) -> None:
    assert "".join(span.text for span in parse(text, VOICES).spans if isinstance(span, Spoken)) == text.strip()


def test_the_web_form_keeps_what_an_object_says() -> None:
    assert published_web('{"name": "A", "seed": 3, "speed": 0.8} hi {"broken} there') == [
        {"name": "A", "seed": 3, "speed": 0.8, "text": "hi"},
        {"name": '"broken', "seed": -1, "speed": 1.0, "text": "there"},
    ]
