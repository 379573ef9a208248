"""Plain numbers, ordinals, ranges, fractions, ratios, dimensions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.text.english import units
from greenroom.text.english.initialisms import letters
from greenroom.text.english.numerals import cardinal, decimal, ordinal, pairs, whole
from greenroom.text.english.quantities import LONGEST_CORE, SIGNS, quantity, ratio_of, with_whole
from greenroom.text.english.words import FROM_SUPERSCRIPTS, NUMBER, SUPERSCRIPTS, Said, spread, word_set

if TYPE_CHECKING:
    from greenroom.text.english.words import Reading, Words

# What may be attached to a number, with its reading. Case matters: 5M people, but 5m of rope (see units).
_SUFFIXES = {
    "": (),
    "+": ("plus",),
    "k": ("thousand",),
    "M": ("million",),
    "B": ("billion",),
    "bn": ("billion",),
    "T": ("trillion",),
    "x": ("times",),
    "X": ("times",),
    "×": ("times",),
    "-fold": ("fold",),
    "K": ("K",),  # 4K is a picture size, and 300 K a temperature
    "D": ("D",),
    "G": ("G",),
    "p": ("p",),
    "i": ("i",),
    "B+": ("billion", "plus"),
    "M+": ("million", "plus"),
    "k+": ("thousand", "plus"),
    "%+": ("percent", "plus"),
}

_ORDINAL = re.compile(r"(?P<number>\d{1,3}(?:,\d{3})+|\d+)(?P<ending>st|nd|rd|th)(?P<plural>s)?", re.IGNORECASE)
_FRACTION = re.compile(r"(?P<sign>[-+~]?)(?P<over>\d{1,9})/(?P<under>\d{1,9})")
_RATIO = re.compile(rf"{NUMBER}(?::{NUMBER})+")
_DIMENSIONS = re.compile(rf"(?!0[xX]){NUMBER}(?:[x×X*]{NUMBER})+")
_EXPONENT = re.compile(rf"(?P<sign>[-+]?)(?P<number>{NUMBER})[eE](?P<power>[-+]?\d{{1,4}})")
_POWER = re.compile(
    rf"(?P<sign>[-+]?)(?P<number>{NUMBER})(?:\^(?P<caret>[-+]?\d{{1,4}})|(?P<raised>[{SUPERSCRIPTS}]+))"
)
_CALCULATION = re.compile(rf"[-+]?{NUMBER}(?:(?:<=|>=|[-+×*÷=<>≤≥≈])[-+]?{NUMBER})+")
_PICTURE_LINES = re.compile(r"(?P<lines>\d{3,4})(?P<scan>[pi])(?P<rate>\d{1,3})?")
_ORDINAL_COMPOUND = re.compile(r"(?P<number>\d{1,9})(?:st|nd|rd|th)(?P<rest>(?:-[A-Za-z]+)+)")
_HYPHENED_WORDS = re.compile(r"[-–][A-Za-z]+(?:-[A-Za-z]+)*")

_SAID_OTHERWISE = {
    "24/7": ("twenty-four", "seven"),
    "9/11": ("nine", "eleven"),
    "50/50": ("fifty", "fifty"),
    "50-50": ("fifty", "fifty"),
    "20/20": ("twenty", "twenty"),
}

_ROUND = {"10s": "tens", "100s": "hundreds", "1000s": "thousands", "1,000s": "thousands"}

# "step 3/10" is the third of ten steps, not three tenths of one.
_PARTS_OF_WHOLE = word_set("attempt batch chapter day episode epoch page part phase round slide step task test")

_SCORES = word_set("gave got rate rated rating score scored scores")

_POWERS = {"2": ("squared",), "3": ("cubed",)}


def plain(words: Words, at: int) -> Reading | None:
    """``1,234,567``, ``-3.5``, ``10–20``, ``~50``, ``5k``, ``7B``, ``10x``."""
    found = quantity(words.core(at))
    if not found or found.rest not in _SUFFIXES:
        return None
    if found.rest in {"M", "B", "T"} and words.linked(at) and words.core(at + 1)[:1].isupper():
        return None  # "221B Baker Street", "7B Instruct"
    return (Said(found.words + _SUFFIXES[found.rest]),)


def fixed(words: Words, at: int) -> Reading | None:
    """The few that are said in a way of their own: ``24/7``."""
    said = _SAID_OTHERWISE.get(words.core(at))
    return (Said(said),) if said else None


def ordinal_number(words: Words, at: int) -> Reading | None:
    """``3rd → third``, ``1,000th → one thousandth``."""
    match = _ORDINAL.fullmatch(words.core(at))
    if not match or len(match["number"]) > 15:
        return None
    *front, last = ordinal(int(match["number"].replace(",", "")))
    return (Said((*front, last + ("s" if match["plural"] else ""))),)


def hundreds(words: Words, at: int) -> Reading | None:
    """``100s of people → hundreds of people``, ``10s of thousands``."""
    said = _ROUND.get(words.core(at))
    return (Said((said,)),) if said and words.core(at + 1) == "of" else None


def grouped_by_spaces(words: Words, at: int) -> Reading | None:
    """``10 000`` and ``1 500 000``: groups of three behind spaces, the last of them zeros."""
    last = at
    while words.linked(last) and re.fullmatch(r"\d{3}", words.core(last + 1)) and last - at < 6:
        last += 1
    if last == at or words.core(last) != "000" or not re.fullmatch(r"[1-9]\d{0,2}", words.core(at)):
        return None
    if words.core(last + 1)[:1].isdecimal() and not words[last].tail:
        return None
    spoken = cardinal(int("".join(words.core(place) for place in range(at, last + 1))))
    return (*spread(spoken, last - at + 1),) if len(spoken) > last - at else None


def mixed_fraction(words: Words, at: int) -> Reading | None:
    """``3 1/2 → three and a half``, with a unit behind: ``2 1/4 tsp.``"""
    match = _FRACTION.fullmatch(words.core(at + 1))
    if not match or match["sign"] or not words.linked(at) or not re.fullmatch(r"-?\d{1,6}", words.core(at)):
        return None
    over, under, found = int(match["over"]), int(match["under"]), quantity(words.core(at))
    if not found or not 0 < over < under <= 1000:
        return None
    number = Said(found.words), Said(with_whole(over, under))
    unit = units.behind(words, at + 1, singular=words.attributive(at, at + 2))
    return (*number, unit) if unit else number


def fraction_number(words: Words, at: int) -> Reading | None:
    """``1/2 → one half``, ``2/1 → two over one``, ``step 3/10 → step three of ten``, ``9.5/10 → ... out of ten``."""
    match = _FRACTION.fullmatch(words.core(at))
    if not match:
        match = re.fullmatch(rf"({NUMBER})/({NUMBER})", words.core(at)) if len(words.core(at)) <= LONGEST_CORE else None
        return (Said((*decimal(match[1]), "out", "of", *decimal(match[2]))),) if match else None
    over, under, before = int(match["over"]), int(match["under"]), words.core(at - 1).lower()
    if before in _PARTS_OF_WHOLE or before in _SCORES:
        return (Said((*cardinal(over), *(("out",) if before in _SCORES else ()), "of", *cardinal(under))),)
    return (Said(SIGNS.get(match["sign"], ()) + ratio_of(over, under)),)


def ratio(words: Words, at: int) -> Reading | None:
    """``16:9 → sixteen to nine``."""
    if len(words.core(at)) > LONGEST_CORE or not _RATIO.fullmatch(words.core(at)):
        return None
    return (Said(_joined_by("to", [decimal(part) for part in words.core(at).split(":")])),)


def dimensions(words: Words, at: int) -> Reading | None:
    """``1280x720 → twelve eighty by seven twenty``, ``2x4 → two by four``."""
    if len(words.core(at)) > LONGEST_CORE or not _DIMENSIONS.fullmatch(words.core(at)):
        return None
    sides = re.split(r"[x×X*]", words.core(at))
    return (Said(_joined_by("by", [side_length(side) for side in sides])),)


def side_apart(words: Words, at: int) -> Reading | None:
    """The sides of ``1280 x 720``, which is read as ``1280x720`` is."""
    if not re.fullmatch(r"\d{3,4}", words.core(at)):
        return None
    for sign, other in ((at + 1, at + 2), (at - 1, at - 2)):
        if words[sign].whole in {"x", "X", "×"} and re.fullmatch(r"\d{3,4}", words.core(other)):
            return (Said(side_length(words.core(at))),)
    return None


def side_length(text: str) -> tuple[str, ...]:
    """One side of a picture: three and four digits in pairs, as ``1280 → twelve eighty``."""
    return pairs(text) if text.isdecimal() and len(text) in {3, 4} else decimal(text)


def exponent(words: Words, at: int) -> Reading | None:
    """``1e6 → one times ten to the power of six``."""
    match = _EXPONENT.fullmatch(words.core(at)) if len(words.core(at)) <= LONGEST_CORE else None
    if not match:
        return None
    power = SIGNS.get(match["power"][0], ()) if match["power"][0] == "-" else ()
    power += cardinal(int(match["power"].lstrip("+-")))
    number = SIGNS.get(match["sign"], ()) + decimal(match["number"])
    return (Said((*number, "times", "ten", "to", "the", "power", "of", *power)),)


def power_number(words: Words, at: int) -> Reading | None:
    """``10² → ten squared``, ``2^10 → two to the power of ten``."""
    match = _POWER.fullmatch(words.core(at)) if len(words.core(at)) <= LONGEST_CORE else None
    if not match:
        return None
    raised = match["caret"] or match["raised"].translate(FROM_SUPERSCRIPTS)
    sign = ("minus",) if raised[0] == "-" else ()
    behind = _POWERS.get(raised) or ("to", "the", "power", "of", *sign, *whole(raised.lstrip("+-")))
    return (Said((*SIGNS.get(match["sign"], ()), *decimal(match["number"]), *behind)),)


def picture_lines(words: Words, at: int) -> Reading | None:
    """``1080p → ten eighty p``, ``1080p60 → ten eighty p sixty``."""
    match = _PICTURE_LINES.fullmatch(words.core(at))
    if not match:
        return None
    return (Said((*pairs(match["lines"]), match["scan"], *(cardinal(int(match["rate"])) if match["rate"] else ()))),)


def number_word(words: Words, at: int) -> Reading | None:
    """``3-year-old → three year old``, ``19th-century``, ``16-bit``. Units have their own rule before this one."""
    if match := _ORDINAL_COMPOUND.fullmatch(words.core(at)):
        said = (word for part in match["rest"][1:].split("-") for word in letters(part))
        return (Said((*ordinal(int(match["number"])), *said)),)
    found = quantity(words.core(at))
    if not found or not _HYPHENED_WORDS.fullmatch(found.rest):
        return None
    said = (word for part in found.rest[1:].split("-") for word in letters(part))
    return (Said((*found.words, *said)),)


def model_number(words: Words, at: int) -> Reading | None:
    """``RTX 4090 → R.T.X forty ninety``: a number of three or four digits behind initials."""
    before, core = words.core(at - 1), words.core(at)
    if not re.fullmatch(r"[A-Z]{2,5}", before) or not words.linked(at - 1) or not re.fullmatch(r"[1-9]\d{2,3}", core):
        return None
    return None if words.noun_follows(at) else (Said(pairs(core)),)


def calculation(words: Words, at: int) -> Reading | None:
    """``2+2=4``, ``3×4``: numbers with nothing but signs between them."""
    core = words.core(at)
    if len(core) > LONGEST_CORE or not _CALCULATION.fullmatch(core) or not re.search(r"[^-\d.,]", core):
        return None  # nothing but hyphens: "2026-0042" is a name
    spoken: list[str] = []
    for index, part in enumerate(re.findall(rf"{NUMBER}|<=|>=|[^\d.]", core)):
        if re.fullmatch(NUMBER, part):
            spoken += decimal(part)
        else:
            spoken += ("minus" if part == "-" else CALCULATION[part],) if index else SIGNS[part]
    return (Said(tuple(word for words_ in spoken for word in words_.split())),)


CALCULATION = {
    "+": "plus", "-": "minus", "×": "times", "*": "times", "÷": "divided by", "/": "divided by", "=": "equals",
    "==": "equals", "≠": "is not equal to", "!=": "is not equal to", "<": "is less than", ">": "is greater than",
    "≤": "is at most", "≥": "is at least", "<=": "is at most", ">=": "is at least", "≈": "is about",
    "±": "plus or minus",
}  # fmt: skip
"""Signs between two numbers."""


def _joined_by(word: str, parts: list[tuple[str, ...]]) -> tuple[str, ...]:
    spoken = parts[0]
    for part in parts[1:]:
        spoken += (word, *part)
    return spoken
