"""The five formats, letter for letter."""

from __future__ import annotations

from typing import Any

import pytest

from greenroom.captions.clock import hundredths, milliseconds
from greenroom.captions.words import Word
from greenroom.captions.write import caption_files

WORDS = [
    Word("Are", 0.5, 0.7, "Ann"),
    Word("you", 0.75, 0.9, "Ann"),
    Word("there?", 1.0, 1.4, "Ann"),
    Word("<i>Yes,</i>", 3725.0, 3725.4, "B & C, Jr."),
    Word('"{here}"', 3725.5, 3726.0, "B & C, Jr."),
]


def written(form: str, words: list[Word] = WORDS, **options: Any) -> str:
    return caption_files(words, [form], options)[form]


def test_srt() -> None:
    assert written("srt") == (
        '1\n00:00:00,500 --> 00:00:01,400\nAre you there?\n\n2\n01:02:05,000 --> 01:02:06,010\n<i>Yes,</i> "{here}"\n'
    )


def test_vtt() -> None:
    assert written("vtt") == (
        "WEBVTT\n\n00:00:00.500 --> 00:00:01.400\n<v Ann>Are you there?\n\n"
        '01:02:05.000 --> 01:02:06.010\n<v B &amp; C, Jr.>&lt;i&gt;Yes,&lt;/i&gt; "{here}"\n'
    )


def test_ass() -> None:
    head, events = written("ass").split("[Events]\n")
    assert "PlayResX: 1920\nPlayResY: 1080\n" in head
    assert events == (
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
        "Dialogue: 0,0:00:00.50,0:00:01.40,Default,Ann,0,0,0,,Are you there?\n"
        'Dialogue: 0,1:02:05.00,1:02:06.01,Default,B & C， Jr.,0,0,0,,<i>Yes,</i> "｛here｝"\n'
    )


def test_csv() -> None:
    assert written("csv") == (
        'start,end,text\n0.500,1.400,Are you there?\n3725.000,3726.010,"<i>Yes,</i> ""{here}"""\n'
    )


def test_json() -> None:
    words = [Word("Is", 0.1, 0.2), Word("2026"), Word("\u2603" * 50 + '"', 1.0, 1.2, "Ann")]
    assert written("json", words) == (
        '{"words": [\n'
        '{"w": "Is", "s": 0.100, "e": 0.200},\n'
        '{"w": "2026", "s": 0.200, "e": 1.000, "estimated": true},\n'
        '{"w": "' + "\u2603" * 50 + '\\"", "s": 1.000, "e": 1.200, "who": "Ann"}\n],\n'
        '"cues": [\n'
        '{"start": 0.100, "end": 1.000, "text": "Is 2026"},\n'
        '{"start": 1.000, "end": 2.200, "text": "'
        + "\u2603" * 50
        + '\\"", "fast": true, "long": true, "who": "Ann"}\n]}\n'
    )


@pytest.mark.parametrize(
    ("form", "empty"),
    [("srt", "\n"), ("vtt", "WEBVTT\n"), ("csv", "start,end,text\n"), ("json", '{"words": [],\n"cues": []}\n')],
)
def test_no_words_are_still_a_file(form: str, empty: str) -> None:
    assert written(form, []) == empty


def test_karaoke_lights_each_word_when_it_begins() -> None:
    words = [Word("la", 1.0, 1.2), Word("la", 1.5, 1.7), Word("lo", 1.7, 1.7), Word("li", 1.7, 2.0)]
    assert r",{\k50}la {\k20}la {\k0}lo {\k30}li" in written("ass", words, karaoke=True)
    assert "\nla <00:00:01.500>la <00:00:01.700>lo li\n" in written("vtt", words, karaoke=True)


def test_karaoke_begins_with_silence_where_the_cue_begins_early() -> None:
    crowd = [Word("last", 3.0, 3.0)] * 30
    assert r",,{\k1}{\k0}last {\k0}last" in caption_files(crowd, ["ass"], {"karaoke": True}, audio_end=3.0)["ass"]


def test_a_text_that_looks_like_a_time_line_does_not_begin_a_cue() -> None:
    words = [Word("00:00:01,000", 0.0, 1.0), Word("-->", 1.0, 1.2), Word("00:00:02,000", 1.2, 2.0)]
    assert "00:00:01,000 --\u2060> 00:00:02,000" in written("srt", words)
    assert "00:00:01.000 --&gt;" in written("vtt", [Word("00:00:01.000 -->", 0.0, 1.0)])


def test_a_guarded_srt_shows_what_players_take_for_markup() -> None:
    words = [Word(text, 0.5 * at, 0.5 * at + 0.4) for at, text in enumerate(("a<b", "</i>", "<3", "{\\an8}", "{x}"))]
    assert "\na<b </i> <3 {\\an8} {x}\n" in written("srt", words)
    assert "\na<\u2060b <\u2060/i> <3 ｛\\an8｝ ｛x｝\n" in written("srt", words, srt_guard=True)


def test_ass_lets_the_text_say_in_which_direction_it_runs() -> None:
    style = [line for line in written("ass", [Word("שלום", 0.0, 1.0)]).split("\n") if line.startswith("Style:")]
    assert style[0].endswith(",-1")
    style = [line for line in written("ass").split("\n") if line.startswith("Style:")]
    assert style[0].endswith(",1")


def test_times_are_rounded_once_and_stay_apart() -> None:
    assert milliseconds(0.4445) == 445
    assert milliseconds(None) == 0
    assert [hundredths(ms) for ms in (4, 5, 14, 15)] == [0, 1, 1, 2]
