"""What was written and what is spoken both stay known."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from greenroom.errors import ExtraMissing, InputInvalid
from greenroom.text.clean import clean, has_speech
from greenroom.text.english import numerals
from greenroom.text.normalise import normalise
from greenroom.text.tokens import Break, speech, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from greenroom.text.tokens import Token

    Contract = Callable[[str, Sequence[Token]], None]

NASTY = (
    "Dr. Smith paid $3.50 on 12/05/1999 for 3 GPUs at 7:30 p.m., e.g. an RTX-4090; it's 50% off & re-usable.",
    "Doctor Smith paid three dollars and fifty cents on December fifth, nineteen ninety-nine for three G.P.U's at "
    "seven thirty P.M, for example an R.T.X forty ninety; it's fifty percent off and re-usable.",
)

SENTENCES = [
    NASTY,
    (
        "The F5-TTS model needs 8.5 GB of VRAM and costs $0.35/hr on an A100-80GB.",
        "The F five T.T.S model needs eight point five gigabytes of V ram and costs thirty-five cents per hour on an "
        "eh one hundred eighty gigabytes.",
    ),
    (
        "Our H100s (80GB) run SeedVR2-7B on 49 frames at 1280x720 in ~38 s.",
        "Our H one hundreds, eighty gigabytes, run Seed V.R two seven B on forty-nine frames at twelve eighty by "
        "seven twenty in about thirty-eight seconds.",
    ),
    (
        "In the 1920s, c. 1925, approx. 1,500 people (mostly women) left St. Petersburg for the U.S.A.",
        "In the nineteen twenties, circa nineteen twenty-five, approximately one thousand five hundred people, mostly "
        "women, left Saint Petersburg for the U.S.A.",
    ),
    (
        "Mr. and Mrs. J. P. Morgan Jr. arrived at 10 a.m. They left at 11.",
        "Mister and Missus J P Morgan Junior arrived at ten A.M. They left at eleven.",
    ),
    (
        "Q1 2026 revenue was $1.25B, up 12.5% YoY vs. $1.1B in Q4 FY2025.",
        "Q one twenty twenty-six revenue was one point two five billion dollars, up twelve point five percent YoY "
        "versus one point one billion dollars in Q four F.Y twenty twenty-five.",
    ),
    (
        "The temperature fell to -40 °C (-40 °F), i.e. very cold.",
        "The temperature fell to minus forty degrees Celsius, minus forty degrees Fahrenheit, that is very cold.",
    ),
    (
        "The U.S. GDP grew 2.1%. In the U.S. He said so.",
        "The U.S G.D.P grew two point one percent. In the U.S. He said so.",
    ),
    (
        "He was born on 5 May 1821 and died Sept. 3rd, 1899, aged 78.",
        "He was born on the fifth of May, eighteen twenty-one and died September third, eighteen ninety-nine, aged "
        "seventy-eight.",
    ),
    (
        "Mon-Fri 9am-5pm, Sat. 10-2.",
        "Monday to Friday nine A.M to five P.M, Saturday ten to two.",
    ),
    (
        "We use HTTP/2, TLS 1.3, IPv6, UTF-8, MP4, H.265, x86_64 and ARM64.",
        "We use H.T.T.P slash two, T.L.S one point three, I.P V six, U.T.F eight, M.P four, H two sixty-five, x "
        "eighty-six sixty-four and arm sixty-four.",
    ),
    (
        "1. First, buy 2 1/4 lbs. of it. 2. Then wait.",
        "one, First, buy two and a quarter pounds of it. two. Then wait.",
    ),
    (
        "“Stop!” he said — well... that's it… Really?! Yes.",
        "Stop! he said, well, that's it. Really? Yes.",
    ),
]


@pytest.mark.parametrize(("written", "spoken"), SENTENCES)
def test_sentences_are_read(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


GROUPS = [
    ("$3.5 million", [("$3.5", "three point five"), ("million", "million dollars")]),
    ("10 GB", [("10", "ten"), ("GB", "gigabytes")]),
    ("USD 20", [("USD", "twenty"), ("20", "U.S dollars")]),
    ("USD 3.5 million", [("USD", "three point"), ("3.5", "five million"), ("million", "U.S dollars")]),
    ("Nov. 23, 2026", [("Nov.", "November"), ("23,", "twenty-third,"), ("2026", "twenty twenty-six")]),
    ("23 Nov 2026", [("23", "the twenty-third"), ("Nov", "of November,"), ("2026", "twenty twenty-six")]),
    ("7:30 p.m., then", [("7:30", "seven thirty"), ("p.m.,", "P.M,"), ("then", "then")]),
    ("3 1/2 km", [("3", "three"), ("1/2", "and a half"), ("km", "kilometers")]),
    ("10 000", [("10", "ten"), ("000", "thousand")]),
    ("A & B", [("A", "A"), ("&", "and"), ("B", "B")]),
    ("yes — no", [("yes", "yes,"), ("—", ""), ("no", "no")]),
    ("(555) 123-4567", [("(555)", "five five five,"), ("123-4567", "one two three, four five six seven")]),
]


@pytest.mark.parametrize(("text", "shares"), GROUPS)
def test_each_written_word_has_its_share(text: str, shares: list[tuple[str, str]]) -> None:
    assert [(token.written, " ".join(token.spoken)) for token in normalise(text)] == shares


ENDS = [
    ("Dr. Smith left. He ran.", ["left.", "ran."]),
    ("J. R. R. Tolkien wrote. We read.", ["wrote.", "read."]),
    ("It is 3.5 now. So?", ["now.", "So?"]),
    ("Go to 7 p.m. Then stop.", ["p.m.", "stop."]),
    ("Go, e.g. Home. Now", ["Home.", "Now"]),
    ("Acme Inc. The end", ["Inc.", "end"]),
    ("Acme Inc. Boston", ["Boston"]),
    ("“No.” Then: (yes!) So", ["“No.”", "(yes!)", "So"]),
    ("“Stop!” he said.", ["said."]),
    ("Wait... what? OK", ["what?", "OK"]),
    ("Wait... What", ["Wait...", "What"]),
    ("1. First", ["First"]),
]


@pytest.mark.parametrize(("text", "ends"), ENDS)
def test_sentences_end_where_they_end(text: str, ends: list[str]) -> None:
    assert [token.written for token in normalise(text) if token.ends_sentence] == ends


def test_paragraphs_are_marked_and_clauses_too() -> None:
    tokens = normalise("One, two\n\nthree — four")
    assert [token.end for token in tokens] == [
        Break.CLAUSE,
        Break.PARAGRAPH,
        Break.WORD,
        Break.CLAUSE,
        Break.PARAGRAPH,
    ]


@pytest.mark.parametrize("text", ["", "...", "—", "!!!", "😀 🎉", "* * *", "=====", "\u200b"])
def test_what_has_no_speech_says_nothing(text: str) -> None:
    assert all(token.silent for token in normalise(text))


@pytest.mark.parametrize(
    ("language", "spoken"),
    [
        ("en", "December fifth, nineteen ninety-nine"),
        ("en-US", "December fifth, nineteen ninety-nine"),
        ("en_us", "December fifth, nineteen ninety-nine"),
        ("en-gb", "May twelfth, nineteen ninety-nine"),
        ("en-gb-scotland", "May twelfth, nineteen ninety-nine"),
    ],
)
def test_britons_write_the_day_first(language: str, spoken: str) -> None:
    assert " ".join(normalise("12/05/1999", language)[0].spoken) == spoken


def test_other_languages_are_left_to_the_engine() -> None:
    tokens = normalise("Am 3. Mai kamen 5 Gäste — z.B. Jörg. „Gut!“ Ja, 2026.\n\nEnde", "de")
    assert [token.spoken for token in tokens if token.written == "—"] == [()]
    assert [token.spoken for token in tokens if token.written in {"5", "„Gut!“"}] == [("5",), ("„Gut!“",)]
    assert [token.written for token in tokens if token.ends_sentence] == ["Jörg.", "„Gut!“", "2026.", "Ende"]


def test_other_scripts_have_their_own_ends() -> None:
    assert [token.end for token in normalise("你好。 再见， 好", "cmn")] == [
        Break.SENTENCE,
        Break.CLAUSE,
        Break.PARAGRAPH,
    ]


@pytest.mark.parametrize("language", ["", "English", "e", "en-", "en us", "e1", "-en"])
def test_what_is_no_language_code_is_refused(language: str) -> None:
    with pytest.raises(InputInvalid, match="language code") as refused:
        normalise("text", language)
    assert refused.value.mend == "write it as en, en-gb, de or cmn"


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "num2words", None)
    numerals._below_thousand.cache_clear()
    with pytest.raises(ExtraMissing) as missing:
        normalise("7")
    assert missing.value.mend == 'pip install "greenroom[captions]"'


def test_num2words_is_imported_when_a_number_is_read() -> None:
    code = (
        "import sys; from greenroom.text.normalise import normalise; normalise('no number'); "
        "assert 'num2words' not in sys.modules; normalise('7'); assert 'num2words' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# Pieces that make rules meet in ways nobody wrote them for.
PIECES = st.sampled_from(
    [
        *"0123456789.,:;-–—/$€%&@#'\"()[]+*=<>°ABIVXabhmpstx½² \n",
        *("p.m.", "Dr. ", "U.S.", "$3.5", " million", " GB", "Nov. ", "1990", "+1 ", "(555) ", "1/2", "1e", " St. "),
        *("é", "😀", "你", "٣", "Ⅷ", "\u0301", "\u200d", "No. ", "v1.", "http://", "--", "...", "GPU"),
    ]
)
TEXTS = st.one_of(st.text(), st.lists(PIECES, max_size=25).map("".join))


@given(TEXTS)
@example("0J/0")
@example("@A0")
@example("ʼ")
def test_any_text_keeps_the_contract(contract: Contract, text: str) -> None:
    contract(text, normalise(text))


@given(TEXTS, st.sampled_from(["de", "fr", "cmn", "ar"]))
def test_any_text_of_another_language_is_passed_on(text: str, language: str) -> None:
    tokens = normalise(text, language)
    assert writing(tokens) == clean(text).text
    assert all(token.spoken == ((token.written,) if has_speech(token.written) else ()) for token in tokens)


PLAIN = st.sampled_from(["the", "room", "where", "performers", "wait", "re-usable", "don't", "café", "Naïve", "Henry"])


@given(st.lists(PLAIN, min_size=1))
def test_plain_words_are_said_as_they_are_written(words: list[str]) -> None:
    assert [word for token in normalise(" ".join(words)) for word in token.words] == words


@given(st.lists(st.one_of(st.just("wonderful"), PIECES.map(str.strip).filter(bool)), min_size=1, max_size=20))
def test_no_word_is_lost_among_others(words: list[str]) -> None:
    tokens = normalise(" ".join(words))
    assert sum("wonderful" in token.words for token in tokens) == words.count("wonderful")


@pytest.mark.parametrize("written", [written for written, _ in SENTENCES])
def test_reading_what_was_spoken_changes_nothing(written: str) -> None:
    once = speech(normalise(written))
    assert speech(normalise(once)).lower() == once.lower()


HOSTILE = ["1", "1,", "1 ", "-", "a-", "A.", "AB", "x1", "$1-", "1:", "1/", "a/", "a@", "'a", "\u0301", "e\u0323\u0301"]
HOSTILE += [
    "\u200d",
    "(",
    '"',
    "\n ",
    "+1 ",
    "000 ",
    "(555) ",
    "— ",
    "½",
    "²",
    "a.b",
    "http://a.",
    "\x1b[1",
    "😀",
    "Mr. ",
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_text_comes_to_an_end(unit: str) -> None:
    """50 kB are read in less than half a second; a pattern that goes back and forth would keep this one for minutes."""
    text = (unit * 50_000)[:50_000]
    assert writing(normalise(text)) == clean(text).text
