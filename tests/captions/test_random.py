"""What must hold of every transcript, tried on random ones: all alphabets, markup, odd spaces, times and options."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.captions.caption_properties import violations
from tests.captions.caption_runs import run

FORMATS = ["srt", "vtt", "ass", "csv", "json"]

PIECES = (
    'the a of to and with house door. walk, I Mr. Smith "Yes!" he said; 42 $43,000 2026 1 <b>bold</b> <i> </i> '
    '<v Ann> & &amp; &lt; --> -> { } {\\an8} {\\k50} \\N \\n \\h C:\\new\\ \\ =SUM(A1) , " "" \' ; 00:00:01,000 '
    "00:00:01.000 NOTE STYLE WEBVTT Dialogue: [Events] 、 。 「 」 っ ー 日本 日 カタカナ ひらがな 한국어 मनुष्य ไทย "
    "שלום مرحبا ، ؟ 👨‍👩‍👧‍👦 🇩🇪 é ñ ﷽ \u0301 … — – ｛ ｝ ＼ - # internationalisation donaudampfschifffahrtsgesellschaft"
)
TOKENS = st.sampled_from(PIECES.split())
LETTERS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\u2060"), max_size=8)
SPACES = st.sampled_from(["", " ", "\u200b", "\u2028x", "x\u2029y", "a\r\nb", "\ufeff", "\u00a0", "\u3000z", "\t"])
TEXTS = st.one_of(TOKENS, TOKENS, TOKENS, LETTERS, SPACES)
SECONDS = st.floats(0, 3, allow_nan=False).map(lambda value: round(value, 4))
LENGTHS = st.one_of(st.just(0.0), st.floats(0, 0.8), st.floats(0, 0.8), st.floats(0, 12))
GAPS = st.one_of(st.just(0.0), st.floats(0, 0.3), st.floats(-0.2, 2.5), st.floats(0, 5))
VOICES = st.sampled_from([None, None, None, None, "Ann", "B & <C>, Jr.", "דנה"])

OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "max_chars": st.integers(1, 60),
        "max_lines": st.integers(1, 4),
        "max_cps": st.floats(1, 60),
        "min_s": st.floats(0, 2),
        "max_s": st.floats(2, 10),
        "gap_s": st.floats(0, 0.5),
        "chain_s": st.floats(0, 1),
        "break_pause_s": st.floats(0, 3),
        "tail_s": st.floats(0, 2),
        "join": st.sampled_from([" ", "", "\u3000", " | ", "&", "\\"]),
        "count": st.sampled_from(["graphemes", "cells"]),
        "karaoke": st.booleans(),
        "srt_guard": st.booleans(),
        "lang": st.sampled_from(["en", "de", "ja", "zh-Hant", "ar", "xx"]),
    },
)

ALWAYS = ["only-formats", "bytes", "text", "order", "positive", "times", "same-cues", "lines", "duration", "cps", "who"]
ALWAYS += ["whole-words", "vtt-escaped", "srt-safe", "ass-inert", "csv-round", "no-marks"]


@st.composite
def transcripts(draw: st.DrawFn, gaps: st.SearchStrategy[float] = GAPS) -> dict[str, Any]:
    """Words in the order of speech; in one voice a word begins at most 0.2 s before the one before it ends."""
    words: list[dict[str, Any]] = []
    now, begun, who = draw(SECONDS), 0.0, None
    for _ in range(draw(st.integers(0, 24))):
        who = draw(VOICES) if draw(st.integers(0, 5)) == 0 else who
        start = max(begun, now + draw(gaps))
        end = start + draw(LENGTHS)
        words.append({"w": draw(TEXTS), "s": start, "e": end} | ({"who": who} if who else {}))
        now, begun = end, start
    return {"words": words, "formats": FORMATS, "options": draw(OPTIONS)}


def hold(case: dict[str, Any], *properties: str) -> None:
    expect = [{"p": name} for name in properties]
    case = case | {"expect": expect}
    assert violations(case, run(case)) == []


# Other ones every time: what these runs do not meet, later ones do.
FAST = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@FAST
@given(transcripts())
def test_any_transcript_becomes_sound_captions(case: dict[str, Any]) -> None:
    karaoke = ["karaoke"] if case["options"].get("karaoke") else []
    hold(case, *ALWAYS, *karaoke)


@FAST
@given(transcripts(gaps=st.floats(0, 3)))
def test_words_that_do_not_overlap_are_shown_with_their_sound(case: dict[str, Any]) -> None:
    """Words at least a hundredth long: cues begin with them, and the gap is what they leave."""
    case["words"] = [word | {"e": max(word["e"], word["s"] + 0.02)} for word in case["words"]]
    for before, after in zip(case["words"], case["words"][1:], strict=False):
        before["e"] = min(before["e"], max(after["s"], before["s"]))
    case["words"] = [word for word in case["words"] if word["e"] - word["s"] >= 0.02]
    hold(case, *ALWAYS, "span", "gap")


@FAST
@given(transcripts(), st.floats(0.5, 3))
def test_nothing_goes_past_the_sound(case: dict[str, Any], more: float) -> None:
    last = max((word["s"] for word in case["words"]), default=0.0)
    case["audio_end"] = last + more - 0.4
    hold(case, *ALWAYS, "inside")


@FAST
@given(transcripts(), st.data(), st.one_of(st.none(), st.floats(0.5, 3)))
def test_words_without_times_are_placed(case: dict[str, Any], data: st.DataObject, more: float | None) -> None:
    if more is not None:
        case["audio_end"] = more + max((word["e"] for word in case["words"]), default=1.0)
    for word in case["words"]:
        for key in ("s", "e"):
            if data.draw(st.booleans()):
                word[key] = None
    hold(case, *[name for name in ALWAYS if name != "who"], "placed")


ODD_TIMES = st.one_of(st.none(), st.floats(), st.floats(-1, 20), st.integers(-1, 20))
ODD_WORDS = st.lists(
    st.fixed_dictionaries({"w": TEXTS, "s": ODD_TIMES, "e": ODD_TIMES}, optional={"who": VOICES}), max_size=12
)


@FAST
@given(ODD_WORDS, OPTIONS, st.one_of(st.none(), st.floats(-1, 30)))
def test_any_times_give_sound_captions_or_name_the_word(words: Any, options: Any, audio_end: float | None) -> None:
    case = {"words": words, "formats": FORMATS, "options": options, "audio_end": audio_end, "expect": []}
    result = run(case)
    if result.error:
        assert result.error.startswith(("word ", "audio_end", "a sound of"))
    else:
        inside = ["inside"] if audio_end is not None else []
        hold(case, "only-formats", "bytes", "text", "order", "positive", "times", "same-cues", "lines", "cps",
             "csv-round", *inside)  # fmt: skip
