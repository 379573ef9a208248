"""The checker itself can fail: each property finds the fault that it is there for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.captions.caption_properties import PROPERTIES, Result, violations
from tests.captions.caption_runs import run

ALL = ["srt", "vtt", "ass", "csv", "json"]


def said(*texts: str, start: float = 1.0, each: float = 0.5, who: str | None = None) -> list[dict[str, Any]]:
    """Words of ``each`` seconds, one after another."""
    words = [{"w": text, "s": start + at * each, "e": start + (at + 1) * each} for at, text in enumerate(texts)]
    return [word | {"who": who} for word in words] if who else words


def asked(words: list[dict[str, Any]], *expect: Any, formats: list[str] = ALL, **more: Any) -> dict[str, Any]:
    expects = [{"p": expected} if isinstance(expected, str) else expected for expected in expect]
    return {"words": words, "formats": formats, "options": {}, "expect": expects} | more


def broken(case: dict[str, Any], form: str, old: str, new: str) -> Result:
    """What greenroom makes of a case, with one thing changed."""
    files = dict(run(case).files)
    assert old in files[form], files[form]
    files[form] = files[form].replace(old, new)
    return Result(files)


PAIR = [*said("One", "two."), *said("Three", "four.", start=4.0)]
SONG = said("la", "la", "la")
MARKUP = said("a<b", "&", "{c}", "\\n", "--")
JAPANESE = said("雪", "。", "朝")

FAULTS: list[tuple[str, dict[str, Any], tuple[str, str, str]]] = [
    ("bytes", asked(PAIR, "bytes"), ("srt", "\n", "\r\n")),
    ("bytes", asked(PAIR, "bytes"), ("vtt", "WEBVTT", "\ufeffWEBVTT")),
    ("bytes", asked(PAIR, "bytes"), ("json", "]}\n", "]}")),
    ("text", asked(PAIR, "text"), ("srt", "two.", "too.")),
    ("text", asked(PAIR, {"p": "text", "is_": "One two. Three four."}), ("csv", "One two.", "One  two.")),
    ("parses", asked(PAIR, "parses"), ("srt", " --> ", " -> ")),
    ("parses", asked(PAIR, "parses"), ("srt", "2\n00:", "3\n00:")),
    ("parses", asked(PAIR, "parses"), ("vtt", "WEBVTT\n\n", "WEBVTT\n")),
    ("parses", asked(PAIR, "parses"), ("ass", "ScriptType: v4.00+\n", "")),
    ("parses", asked(PAIR, "parses"), ("csv", "start,end", "begin,end")),
    ("order", asked(PAIR, "order"), ("srt", "--> 00:00:02,000", "--> 00:00:04,500")),
    ("order", asked(PAIR, "order"), ("json", '"start": 4.000', '"start": 0.500')),
    ("order", asked(PAIR, "order"), ("csv", "1.000,2.000", "1.000,1.000")),
    ("span", asked(PAIR, "span"), ("srt", "00:00:01,000", "00:00:00,700")),
    ("span", asked(PAIR, "span"), ("ass", "0:00:02.00", "0:00:01.90")),
    ("span", asked(PAIR, "span"), ("csv", "1.000,2.000", "1.000,3.020")),
    ("near", asked(PAIR, {"p": "near", "tol": 0.02}), ("vtt", "00:00:02.000", "00:00:02.021")),
    ("lines", asked(PAIR, "lines"), ("srt", "One two.", "One two.\n" * 3 + "!")),
    ("lines", asked(PAIR, "lines", "text"), ("csv", "One two.", "One two." + 42 * "!")),
    ("duration", asked(PAIR, "duration"), ("csv", "1.000,2.000", "1.000,1.820")),
    ("duration", asked(PAIR, "duration"), ("csv", "4.000,5.000", "4.000,11.100")),
    ("cps", asked(PAIR, "cps"), ("csv", "1.000,2.000", "1.000,1.300")),
    ("fast-marked", asked(said("quickly" * 5, each=0.2), "fast-marked"), ("json", ', "fast": true', "")),
    ("long-marked", asked(said("long" * 20), {"p": "long-marked", "word": 0}), ("json", ', "long": true', "")),
    ("same-cues", asked(PAIR, "same-cues"), ("ass", "0:00:02.00", "0:00:02.02")),
    ("same-cues", asked(PAIR, "same-cues"), ("csv", "One two.", "One")),
    ("no-cover", asked(PAIR, {"p": "no-cover", "start": 2.0, "end": 4.0}), ("srt", "00:00:02,000", "00:00:02,500")),
    (
        "not-last-word",
        asked(PAIR, {"p": "not-last-word", "words": ["one"], "of": "line"}),
        ("json", "One two.", "One\\ntwo."),
    ),
    (
        "not-first-letter",
        asked(JAPANESE, {"p": "not-first-letter", "letters": "。"}, options={"join": ""}),
        ("vtt", "雪。", "雪\n。"),
    ),
    ("whole-words", asked(PAIR, "whole-words"), ("srt", "One two.", "One t\nwo.")),
    ("vtt-escaped", asked(MARKUP, "vtt-escaped"), ("vtt", "&lt;", "<")),
    ("vtt-escaped", asked(MARKUP, "vtt-escaped"), ("vtt", "&amp;", "&")),
    ("vtt-escaped", asked(MARKUP, "vtt-escaped"), ("vtt", "a&lt;b", "b")),
    ("srt-safe", asked(MARKUP, "srt-safe"), ("srt", "a<b", "a<b\n")),
    ("srt-safe", asked(MARKUP, "srt-safe"), ("srt", "a<b", "0:00:01 --> 0:00:02")),
    ("ass-inert", asked(MARKUP, "ass-inert"), ("ass", "\uff5bc\uff5d", "{c}")),
    ("ass-inert", asked(MARKUP, "ass-inert"), ("ass", "\\\u2060n", "\\n")),
    ("ass-inert", asked(MARKUP, "ass-inert"), ("ass", "\\\u2060n", "\\N")),
    ("times", asked(PAIR, "times"), ("ass", "0:00:01.00", "0:00:01.000")),
    ("times", asked(PAIR, "times"), ("csv", "1.000,", "1.0,")),
    ("positive", asked(PAIR, "positive"), ("csv", "1.000,2.000", "1.000,1.009")),
    ("karaoke", asked(SONG, "karaoke", options={"karaoke": True}), ("ass", "{\\k50}la {", "{\\k40}la {")),
    ("karaoke", asked(SONG, "karaoke", options={"karaoke": True}), ("vtt", "<00:00:01.500>", "<00:00:01.000>")),
    ("karaoke", asked(SONG, "karaoke", options={"karaoke": True}), ("vtt", "<00:00:01.500>", "")),
    ("empty", asked([], "empty"), ("srt", "\n", "1\n00:00:01,000 --> 00:00:02,000\nx\n")),
    ("who", asked(said("hello", who="Ann"), "who"), ("vtt", "<v Ann>", "<v Bob>")),
    ("who", asked(said("hello", who="Ann"), "who"), ("json", 'hello", "who": "Ann"', 'hello"')),
    ("no-marks", asked(said("שלום"), "no-marks"), ("ass", "שלום", "\u200fשלום")),
    ("inside", asked(said("end"), "inside", audio_end=1.9), ("srt", "00:00:01,833", "00:00:02,000")),
    ("csv-round", asked(said('"', "x"), "csv-round"), ("csv", '""" x"', '" x')),
    ("csv-round", asked(said("=1"), "csv-round"), ("csv", "=1", "'=1")),
    (
        "placed",
        asked([{"w": "x", "s": None, "e": None}, *said("y")], "placed"),
        ("json", ', "estimated": true', ""),
    ),
    (
        "placed",
        asked([{"w": "x", "s": None, "e": None}, *said("y")], "placed"),
        ("json", '"e": 1.000', '"e": 1.100'),
    ),
]


# Faults that no change of one text brings about: what came of a case, made up.
WRONG: list[tuple[dict[str, Any], Result]] = [
    ({"p": "only-formats"}, Result({"srt": "\n"})),
    ({"p": "only-formats", "none": True}, Result({"srt": "\n"})),
    ({"p": "not-made", "formats": ["srt"]}, Result({"srt": "\n"})),
    ({"p": "seconds", "max": 1}, Result({}, seconds=1.1)),
    ({"p": "error", "index": 0}, Result({})),
    ({"p": "error", "index": 0}, Result({}, "word 2 'two' ends before it begins")),
    ({"p": "error", "names": ["srt"]}, Result({}, "there is no format 'txt'")),
    ({"p": "count", "max": 0}, Result({"csv": "start,end,text\n1.000,2.000,One\n"})),
    ({"p": "break-at", "after": 0}, Result({"csv": "start,end,text\n1.000,2.000,One two.\n"})),
    ({"p": "gap"}, Result({"csv": "start,end,text\n1.000,3.990,One two.\n4.000,5.000,Three four.\n"})),
    ({"p": "not-last-word", "words": ["one"]}, Result({"csv": "start,end,text\n1.000,2.000,One\n2.000,3.000,two.\n"})),
    ({"p": "text"}, Result({}, "refused for no reason")),
]


@pytest.mark.parametrize(("name", "case", "fault"), FAULTS, ids=[f"{fault[0]}-{at}" for at, fault in enumerate(FAULTS)])
def test_a_fault_is_found(name: str, case: dict[str, Any], fault: tuple[str, str, str]) -> None:
    assert violations(case, run(case)) == []
    assert any(what.startswith(name) for what in violations(case, broken(case, *fault)))


@pytest.mark.parametrize(("expected", "result"), WRONG, ids=[f"{wrong[0]['p']}-{at}" for at, wrong in enumerate(WRONG)])
def test_a_wrong_result_is_found(expected: dict[str, Any], result: Result) -> None:
    assert violations(asked(PAIR, expected), result)


def test_every_property_is_tried() -> None:
    assert {name for name, _, _ in FAULTS} | {expected["p"] for expected, _ in WRONG} == set(PROPERTIES)
