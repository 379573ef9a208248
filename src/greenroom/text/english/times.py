"""Times of the day: ``7:30 p.m.``, ``15:30``, ``7pm``, ``9-5pm``, ``UTC+2``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.text.english.months import CALENDAR_NAMES
from greenroom.text.english.numerals import DIGITS, cardinal
from greenroom.text.english.words import Dot, Said, word_set

if TYPE_CHECKING:
    from greenroom.text.english.words import Reading, Words

_HALF = r"(?P<half{0}>[aApP]\.?[mM])"
_CLOCK = r"(?P<hour{0}>\d{{1,2}}):(?P<minute{0}>\d\d)(?::(?P<second{0}>\d\d)(?:\.\d{{1,6}})?)?"
_TIME = re.compile(_CLOCK.format("") + f"(?:{_HALF.format('')}|(?P<zulu>Z)|h)?")
_HOUR = re.compile(r"(?P<hour>\d{1,2})" + _HALF.format(""))
_BARE_HOUR = re.compile(r"\d{1,2}")
_RANGE = re.compile(
    r"(?P<from>\d{1,2}(?::\d\d)?)(?P<half1>[aApP]\.?[mM])?\.?[-–—](?P<to>\d{1,2}(?::\d\d)?)(?P<half2>[aApP]\.?[mM])?"
)
_ZONE = re.compile(r"(?P<zone>UTC|GMT|Z)?(?P<sign>[-+])(?P<hours>\d{1,2})(?::?(?P<minutes>\d\d))?")

_HALVES = {"am": "A.M", "pm": "P.M"}

# Behind "p.m." these do not open a sentence, though they are capitals.
ZONES = word_set(
    "ACST AEDT AEST AKST AST BST CDT CEST CET CST EDT EEST EET EST ET GMT HST IST JST KST MDT MSK MST MT NZST PDT PST "
    "PT SGT UTC WEST WET Eastern Central Mountain Pacific Greenwich"
)


def clock(words: Words, at: int) -> Reading | None:
    """``3:45 p.m. → three forty-five P.M``, ``15:30 → fifteen thirty``, ``9:00 → nine o'clock``."""
    match = _TIME.fullmatch(words.core(at))
    if not match or not _is_time(match["hour"], match["minute"], match["second"]):
        return None
    half, dot, used = _half_of_day(words, at, match["half"])
    spoken = say_time(int(match["hour"]), int(match["minute"]), alone=not half and not match["zulu"])
    if match["second"] and int(match["second"]):
        seconds = cardinal(int(match["second"]))
        spoken += ("and", *seconds, "second" if seconds == ("one",) else "seconds")
    if match["zulu"]:
        return (Said((*spoken, "Zulu")),)
    return _with_half(spoken, half, dot, used)


def hour(words: Words, at: int) -> Reading | None:
    """``7pm → seven P.M``, ``7 p.m. → seven P.M``."""
    match = _HOUR.fullmatch(words.core(at))
    if match:
        half, dot, used = _half_of_day(words, at, match["half"])
        number = match["hour"]
    elif _BARE_HOUR.fullmatch(words.core(at)) and words.linked(at):
        half, dot, used = _half_of_day(words, at, "")
        number = words.core(at)
    else:
        return None
    if not half or not 0 < int(number) <= 23:
        return None
    return _with_half(cardinal(int(number)), half, dot, used)


def time_range(words: Words, at: int) -> Reading | None:
    """``7:30-9:00pm``, ``9am–5pm``, ``9-5 p.m.``."""
    match = _RANGE.fullmatch(words.core(at))
    if not match:
        return None
    half, dot, used = _half_of_day(words, at, match["half2"])
    clocks = ":" in match["from"] or ":" in match["to"]
    if not (clocks or half or match["half1"]):
        return None
    first, second = (_say_hour(match[end], alone=not half) for end in ("from", "to"))
    if not first or not second:
        return None
    first_half = (_HALVES[match["half1"].lower().replace(".", "")],) if match["half1"] else ()
    return _with_half((*first, *first_half, "to", *second), half, dot, used)


def zone_offset(words: Words, at: int) -> Reading | None:
    """``UTC+2 → U.T.C plus two``, and ``+02:00`` behind a time."""
    match = _ZONE.fullmatch(words.core(at))
    if not match or not (match["zone"] or (match["minutes"] and ":" in words.core(at - 1))):
        return None
    zone = (".".join(match["zone"]),) if match["zone"] else ()
    return (Said(zone + say_offset(match["sign"], match["hours"], match["minutes"] or "0")),)


def say_offset(sign: str, hours: str, minutes: str) -> tuple[str, ...]:
    """``+05:30 → plus five thirty``."""
    spoken = ("plus" if sign == "+" else "minus", *cardinal(int(hours)))
    return spoken + (cardinal(int(minutes)) if int(minutes) else ())


def say_time(hour: int, minute: int, *, alone: bool) -> tuple[str, ...]:
    """hour: 0 to 24.  alone: no A.M. or P.M. follows, so that a full hour needs "o'clock" or "hundred"."""
    if hour == 0 and minute == 0 and alone:
        return ("midnight",)
    if minute == 0:
        return (*cardinal(hour), *((("o'clock" if hour <= 12 else "hundred"),) if alone else ()))
    return (*cardinal(hour), *(("oh", DIGITS[minute]) if minute < 10 else cardinal(minute)))


def _say_hour(text: str, *, alone: bool) -> tuple[str, ...]:
    """``9 → nine``, ``7:30 → seven thirty``; empty when it is no time."""
    number, _, minute = text.partition(":")
    if not _is_time(number, minute or "00", None):
        return ()
    return say_time(int(number), int(minute), alone=alone) if minute else cardinal(int(number))


def _is_time(hour: str, minute: str, second: str | None) -> bool:
    return (int(hour) < 24 or (hour, minute) == ("24", "00")) and int(minute) < 60 and int(second or 0) < 60


def _half_of_day(words: Words, at: int, attached: str | None) -> tuple[str, Dot, int]:
    """A.M or P.M, what its dot is, and how many written words the whole time takes."""
    place = at if attached else at + 1
    text = attached or (words.core(at + 1) if words.linked(at) else "")
    half = _HALVES.get(text.lower().replace(".", ""), "")
    if not half:
        return "", Dot.ENDS, 1
    if "." not in text:
        return half, Dot.ENDS, place - at + 1
    follows = words.core(place + 1)
    goes_on = follows in ZONES or follows in CALENDAR_NAMES
    return half, Dot.NEVER if goes_on else Dot.BEFORE_CAPITAL, place - at + 1


def _with_half(spoken: tuple[str, ...], half: str, dot: Dot, used: int) -> Reading:
    if not half:
        return (Said(spoken),)
    if used == 1:
        return (Said((*spoken, half), dot),)
    return Said(spoken), Said((half,), dot)
