"""Dates, years and decades.

A date in figures is read as Americans write it, month first; with ``day_first`` (en-gb and its like) as Britons do.
Where only one of the two is a date (``23/11/2026``), it is that one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.text.english.months import MONTH_NAMES, MONTHS, SHORT_DAYS, SHORT_MONTHS
from greenroom.text.english.numerals import cardinal, decade, ordinal, year
from greenroom.text.english.times import say_offset, say_time
from greenroom.text.english.words import Dot, Said, word_set

if TYPE_CHECKING:
    from greenroom.text.english.words import Reading, Words

TRIGGERS = frozenset({*MONTH_NAMES, *SHORT_DAYS})

_ISO = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d)(?::\d\d(?:\.\d{1,9})?)?(?P<zone>Z|[-+]\d\d:?\d\d)?)?"
)
_FIGURES = re.compile(r"(?P<first>\d{1,2})(?P<sign>[/.-])(?P<second>\d{1,2})(?P=sign)(?P<year>\d{4}|\d\d)")
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})/(?P<month>\d{1,2})/(?P<day>\d{1,2})")
_SHORT_FIGURES = re.compile(r"(?P<first>\d{1,2})/(?P<second>\d{1,2})")
_DAY = re.compile(r"(?P<day>\d{1,2})(?:st|nd|rd|th)?")
_DAY_RANGE = re.compile(r"(?P<first>\d{1,2})[-–](?P<second>\d{1,2})")
_YEAR = re.compile(r"(?P<year>1[0-9]\d\d|20\d\d)(?P<possessive>'s)?")
_DECADE = re.compile(r"(?P<year>\d{3}0)'?s")
_SHORT_DECADE = re.compile(r"(?P<decade>[1-9]0)'?s")
_YEARS = re.compile(r"(?P<first>1[0-9]\d\d|20\d\d)(?P<sign>[-–—/])(?P<second>1[0-9]\d\d|20\d\d|\d\d)")
_SHORT_YEAR = re.compile(r"\d\d")

_BEFORE_DATES = word_set("dated on since through till until")
_BEFORE_YEARS = word_set("""
    about after around before between by c ca circa class during early fall from in late mid of since spring summer the
    through till to until year years winter autumn copyright ©
    """)


def iso(words: Words, at: int) -> Reading | None:
    """``2026-11-23 → November twenty-third, twenty twenty-six``, with a time behind a T."""
    match = _ISO.fullmatch(words.core(at))
    if not match or not _is_date(int(match["month"]), int(match["day"])):
        return None
    spoken = _say_date(int(match["year"]), int(match["month"]), int(match["day"]))
    if match["hour"] and int(match["hour"]) < 24 and int(match["minute"]) < 60:
        spoken += ("at", *say_time(int(match["hour"]), int(match["minute"]), alone=True))
        zone = match["zone"] or ""
        spoken += ("Zulu",) if zone == "Z" else say_offset(zone[0], zone[1:3], zone[-2:]) if zone else ()
    return (Said(spoken),)


def figures(words: Words, at: int) -> Reading | None:
    """``12/05/1999 → December fifth, nineteen ninety-nine``; with dots the day comes first: ``23.11.2026``."""
    match = _YEAR_FIRST.fullmatch(words.core(at))
    if match and _is_date(int(match["month"]), int(match["day"])):
        return (Said(_say_date(int(match["year"]), int(match["month"]), int(match["day"]))),)
    match = _FIGURES.fullmatch(words.core(at))
    if not match or (match["sign"] != "/" and len(match["year"]) == 2):
        return None
    date = _month_and_day(match["first"], match["second"], day_first=words.day_first or match["sign"] == ".")
    if not date:
        return None
    number = int(match["year"]) if len(match["year"]) == 4 else _full_year(int(match["year"]))
    return (Said(_say_date(number, *date)),)


def short_figures(words: Words, at: int) -> Reading | None:
    """``on 12/05 → on December fifth``; without such a word before it, it is a fraction."""
    match = _SHORT_FIGURES.fullmatch(words.core(at))
    if not match or words.core(at - 1).lower() not in _BEFORE_DATES or words.noun_follows(at):
        return None
    date = _month_and_day(match["first"], match["second"], day_first=words.day_first)
    return (Said((MONTHS[date[0] - 1], *ordinal(date[1]))),) if date else None


def month_first(words: Words, at: int) -> Reading | None:
    """``Nov. 23, 2026``, ``November 23rd``, ``May 2026``, ``Nov 3-5``."""
    name, piece = _month(words, at), words[at]
    if not name:
        return None
    dotted = piece.tail.startswith(".") and piece.core in SHORT_MONTHS
    month = Said((name,), Dot.BEFORE_OPENER if dotted else Dot.ENDS)
    near = piece.tail == ("." if dotted else "") and not words[at + 1].lead
    follows = words.core(at + 1)
    if near and _SHORT_YEAR.fullmatch(follows) is None and _YEAR.fullmatch(follows):
        return month, _year_said(follows)
    day = _days_said(follows) if near and not _counts_things(words, at + 1) else None
    if day:
        behind = words.core(at + 2)
        if words[at + 1].tail in {"", ","} and not words[at + 2].lead and _YEAR.fullmatch(behind):
            return month, day, _year_said(behind)
        return month, day
    return (month,) if dotted or piece.core not in SHORT_MONTHS or (near and _DAY.match(follows)) else None


def day_before_month(words: Words, at: int) -> Reading | None:
    """``23 November 2026 → the twenty-third of November, twenty twenty-six``, ``3rd of May`` needs no help."""
    day, name = _days_said(words.core(at)), _month(words, at + 1)
    if not day or not name or not words.linked(at):
        return None
    piece = words[at + 1]
    dotted = piece.tail.startswith(".") and piece.core in SHORT_MONTHS
    article = () if words.core(at - 1).lower() in {"the", "a"} else ("the",)
    spoken = Said((*article, *day.words)), Said(("of", name), Dot.BEFORE_OPENER if dotted else Dot.ENDS)
    behind = words.core(at + 2)
    if (
        piece.tail in {"", ",", "."}
        and (dotted or piece.tail != ".")
        and not words[at + 2].lead
        and _YEAR.fullmatch(behind)
    ):
        return spoken[0], Said(spoken[1].words, Dot.NEVER, mark=","), _year_said(behind)
    return spoken


def name_range(words: Words, at: int) -> Reading | None:
    """``Mon-Fri → Monday to Friday``, ``Jan–Mar → January to March``."""
    first, dash, second = re.sub("[–—]", "-", words.core(at)).partition("-")
    for names in (SHORT_DAYS, MONTH_NAMES):
        if dash and first in names and second in names:
            return (Said((names[first], "to", names[second])),)
    return None


def weekday(words: Words, at: int) -> Reading | None:
    """``Sat., Nov. 5``: only before a date or a comma, since Sun and Sat are words."""
    piece = words[at]
    if piece.core not in SHORT_DAYS or not piece.tail.startswith("."):
        return None
    follows = words.core(at + 1)
    if piece.tail == ".," or follows in MONTH_NAMES or follows[:1].isdecimal():
        return (Said((SHORT_DAYS[piece.core],), Dot.NEVER),)
    return None


def year_number(words: Words, at: int) -> Reading | None:
    """``in 1999 → nineteen ninety-nine``; a number of things stays one: ``2048 tokens``, but ``the 2026 models``."""
    match = _YEAR.fullmatch(words.core(at))
    before = words.core(at - 1).lower()
    if not match or (_counts_things(words, at) and not match["possessive"] and before != "the"):
        return None
    number = int(match["year"])
    if not (1900 <= number < 2040 or before in _BEFORE_YEARS or before.capitalize() in MONTHS):
        return None
    return (_year_said(words.core(at)),)


def year_range(words: Words, at: int) -> Reading | None:
    """``1990–1995 → nineteen ninety to nineteen ninety-five``, ``2019/20 → twenty nineteen twenty``."""
    match = _YEARS.fullmatch(words.core(at))
    if not match:
        return None
    first, second, slashed = int(match["first"]), int(match["second"]), match["sign"] == "/"
    if len(match["second"]) == 4 and not first <= second <= first + 400:
        return None
    if len(match["second"]) == 2 and not first % 100 < second:
        return None
    return (Said((*year(first), *(() if slashed else ("to",)), *year(second))),)


def decade_number(words: Words, at: int) -> Reading | None:
    """``1990s → nineteen nineties``, ``'90s → nineties``, ``the 90s``."""
    core = words.core(at)
    if match := _DECADE.fullmatch(core):
        return (Said(decade(int(match["year"]))),)
    match = _SHORT_DECADE.fullmatch(core)
    if match and (words[at].lead.endswith("'") or words.core(at - 1).lower() in {"the", "early", "late", "mid"}):
        return (Said(decade(int(match["decade"]))),)
    return None


def apostrophe_year(words: Words, at: int) -> Reading | None:
    """``'99 → ninety-nine``, ``class of '05 → oh five``."""
    core = words.core(at)
    if not words[at].lead.endswith("'") or words[at].tail.startswith("'") or not _SHORT_YEAR.fullmatch(core):
        return None
    return (Said(("oh", *cardinal(int(core[1]))) if core[0] == "0" else cardinal(int(core))),)


def _say_date(number: int, month: int, day: int) -> tuple[str, ...]:
    *front, last = ordinal(day)
    return (MONTHS[month - 1], *front, f"{last},", *year(number))


def _is_date(month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= 31


def _month_and_day(first: str, second: str, *, day_first: bool) -> tuple[int, int] | None:
    month, day = (int(second), int(first)) if day_first else (int(first), int(second))
    if _is_date(month, day):
        return month, day
    return (day, month) if _is_date(day, month) else None


def _full_year(short: int) -> int:
    """``26 → 2026``, ``99 → 1999``, as POSIX's strptime draws the line."""
    return short + (2000 if short < 69 else 1900)


def _month(words: Words, at: int) -> str:
    """The full name of the month that stands there, or nothing."""
    return MONTH_NAMES.get(words.core(at), "")


def _days_said(core: str) -> Said | None:
    if match := _DAY.fullmatch(core):
        return Said(ordinal(int(match["day"]))) if 1 <= int(match["day"]) <= 31 else None
    match = _DAY_RANGE.fullmatch(core)
    if match and 1 <= int(match["first"]) < int(match["second"]) <= 31:
        return Said((*ordinal(int(match["first"])), "to", *ordinal(int(match["second"]))))
    return None


def _year_said(core: str) -> Said:
    text, apostrophe, _ = core.partition("'")
    *front, last = year(int(text))
    return Said((*front, f"{last}'s" if apostrophe else last))


def _counts_things(words: Words, at: int) -> bool:
    """Whether a plural noun follows: "1999 people" is no plural by its letters, "2000 tokens" is one."""
    noun = words.core(at + 1)
    return (
        words.linked(at) and noun.islower() and (noun in _THINGS or (noun.endswith("s") and noun not in _NOT_PLURALS))
    )


_NOT_PLURALS = word_set("as has his is its was this thus plus versus does always perhaps")
_THINGS = word_set("people men women children feet meters percent dollars degrees times tokens")
