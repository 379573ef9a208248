"""Numbers as words. Everything here takes digits and gives a tuple of words without commas and without "and"."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from greenroom.errors import ExtraMissing

if TYPE_CHECKING:
    from collections.abc import Callable

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

_SCALES = ("", "thousand", "million", "billion", "trillion", "quadrillion", "quintillion")

LONGEST = 3 * len(_SCALES)
"""Digits of the longest whole number that is said as one number; a longer one is said digit by digit."""


def cardinal(number: int) -> tuple[str, ...]:
    """A whole number from 0 up, below 10 ** ``LONGEST``.

    >>> cardinal(1_234_567)
    ('one', 'million', 'two', 'hundred', 'thirty-four', 'thousand', 'five', 'hundred', 'sixty-seven')
    """
    if number < 1000:
        return _below_thousand(number)
    words: tuple[str, ...] = ()
    for scale in range(len(_SCALES) - 1, -1, -1):
        group = number // 1000**scale % 1000
        if group:
            words += _below_thousand(group) + ((_SCALES[scale],) if scale else ())
    return words


def ordinal(number: int) -> tuple[str, ...]:
    """``21 → twenty-first``, ``100 → one hundredth``."""
    tail = number % 100
    if number and not tail:
        *front, last = cardinal(number)
        return (*front, f"{last}th")
    return (cardinal(number - tail) if number >= 100 else ()) + _ordinal_below_hundred(tail)


def digits(text: str) -> tuple[str, ...]:
    """Digit by digit, other characters left out: ``007 → zero zero seven``."""
    return tuple(DIGITS[int(char)] for char in text if char.isdecimal())


def whole(text: str) -> tuple[str, ...]:
    """Digits, grouped by commas or not, as one number; digit by digit with a leading zero or when very long."""
    plain = text.replace(",", "")
    if len(plain) > LONGEST or (len(plain) > 1 and plain.startswith("0")):
        return digits(plain)
    return cardinal(int(plain))


def decimal(text: str) -> tuple[str, ...]:
    """``1,234.50 → one thousand two hundred thirty-four point five zero``, ``.5 → point five``."""
    before, point, behind = text.partition(".")
    words = whole(before) if before else ()
    return (*words, "point", *digits(behind)) if point and behind else words


def pairs(text: str) -> tuple[str, ...]:
    """A model number or a resolution: ``4090 → forty ninety``, ``720 → seven twenty``, ``264 → two sixty-four``.

    Two digits or fewer, round thousands and hundreds, and numbers above four digits are said in their usual way.
    """
    if len(text) > 4:
        return digits(text) if len(text) > 6 or text.startswith("0") else whole(text)
    if len(text) < 3 or text.startswith("0") or text.endswith("000") or (len(text) == 3 and text.endswith("00")):
        return whole(text)
    front, back = cardinal(int(text[:-2])), text[-2:]
    if back == "00":
        return (*front, "hundred")
    return (*front, *(("oh", DIGITS[int(back[1])]) if back[0] == "0" else cardinal(int(back))))


def year(number: int) -> tuple[str, ...]:
    """``1999 → nineteen ninety-nine``, ``2005 → two thousand five``, ``2026 → twenty twenty-six``."""
    if 1000 <= number <= 9999 and number % 1000 > 9:
        return pairs(str(number))
    return cardinal(number)


def decade(number: int) -> tuple[str, ...]:
    """A year that ends in 0, as its decade: ``1990 → nineteen nineties``, ``1800 → eighteen hundreds``."""
    *front, last = year(number)
    return (*front, plural(last))


def plural(word: str) -> str:
    """The plural of a number word: ``ninety → nineties``, ``six → sixes``, ``ten → tens``."""
    if word.endswith("y"):
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith("x") else f"{word}s"


@cache
def _below_thousand(number: int) -> tuple[str, ...]:
    # num2words says "one hundred and one"; Americans, whose voice speaks, leave "and" out.
    return tuple(word for word in _num2words()(number).split() if word != "and")


@cache
def _ordinal_below_hundred(number: int) -> tuple[str, ...]:
    return tuple(_num2words()(number, to="ordinal").split())


def _num2words() -> Callable[..., str]:
    """The library that knows the words; large numbers are put together here, as it takes 50 µs and more for one."""
    try:
        from num2words import num2words
    except ImportError as error:
        raise ExtraMissing("num2words, which says numbers as words,", "captions") from error
    return num2words  # type: ignore[no-any-return]
