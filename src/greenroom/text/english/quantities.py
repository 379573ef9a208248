"""A number with a sign, or a range of two, and what is attached to it: the common part of units, percent and money."""

from __future__ import annotations

import re
from dataclasses import dataclass

from greenroom.text.english.numerals import cardinal, decimal, ordinal
from greenroom.text.english.words import FRACTION_SIGNS, NUMBER

LONGEST_CORE = 120
"""Characters of the longest word that patterns are tried on; anything longer is no number that people write."""

SIGNS = {
    "-": ("minus",),
    "+": ("plus",),
    "±": ("plus", "or", "minus"),
    "+/-": ("plus", "or", "minus"),
    "~": ("about",),
    "≈": ("about",),
    "<": ("less", "than"),
    ">": ("more", "than"),
    "≤": ("at", "most"),
    "<=": ("at", "most"),
    "≥": ("at", "least"),
    ">=": ("at", "least"),
}

_VULGAR = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5), "⅗": (3, 5),
    "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅐": (1, 7), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8),
    "⅑": (1, 9), "⅒": (1, 10), "↉": (0, 3),
}  # fmt: skip

_AMOUNT = rf"(?:\d{{1,3}}/\d{{1,3}}|{NUMBER}[{FRACTION_SIGNS}]?|[{FRACTION_SIGNS}])"
_SIGN = "|".join(re.escape(sign) for sign in sorted(SIGNS, key=len, reverse=True))
_QUANTITY = re.compile(rf"(?P<sign>{_SIGN})?(?P<low>{_AMOUNT})(?:[-–—](?P<high>{_AMOUNT}))?(?P<rest>.*)")


@dataclass(frozen=True, slots=True)
class Quantity:
    """``~10-20ms``: sign ``~``, low ``10``, high ``20``, rest ``ms``."""

    sign: str
    low: str
    high: str
    rest: str

    @property
    def one(self) -> bool:
        """Whether its unit is said in the singular: one meter, half a meter, but one point zero meters."""
        return not self.high and (self.low == "1" or self.low in FRACTION_SIGNS or "/" in self.low)

    @property
    def words(self) -> tuple[str, ...]:
        """``~10-20 → about ten to twenty``."""
        words = SIGNS.get(self.sign, ()) + amount(self.low)
        return (*words, "to", *amount(self.high)) if self.high else words


def quantity(core: str) -> Quantity | None:
    """The quantity that a word begins with, or None."""
    if len(core) > LONGEST_CORE:
        return None
    match = _QUANTITY.fullmatch(core)
    if not match or re.match(r"0\d", match["high"] or ""):  # "2026-0042" is no range
        return None
    return Quantity(match["sign"] or "", match["low"], match["high"] or "", match["rest"])


def amount(text: str) -> tuple[str, ...]:
    """``3.5 → three point five``, ``3½ → three and a half``, ``¾ → three quarters``."""
    over, slash, under = text.partition("/")
    if slash:
        return ratio_of(int(over), int(under))
    if text[-1] not in FRACTION_SIGNS:
        return decimal(text)
    over_under = _VULGAR[text[-1]]
    return fraction(*over_under) if len(text) == 1 else decimal(text[:-1]) + with_whole(*over_under)


def ratio_of(over: int, under: int) -> tuple[str, ...]:
    """A fraction that people name, else the two numbers: ``3/4 → three quarters``, ``7/3 → seven over three``."""
    if 0 < over < under and (under <= 100 or under in {1000, 1_000_000}):
        return fraction(over, under)
    return (*cardinal(over), "over", *cardinal(under))


def with_whole(over: int, under: int) -> tuple[str, ...]:
    """What is said behind a whole number: ``1/2 → and a half``, ``2/3 → and two thirds``."""
    part = fraction(over, under)
    return ("and", "a", *part[1:]) if part[0] == "one" and len(part) > 1 else ("and", *part)


def fraction(over: int, under: int) -> tuple[str, ...]:
    """``1/2 → one half``, ``3/4 → three quarters``, ``5/8 → five eighths``."""
    if under in _PARTS:
        part = _PARTS[under]
    else:
        name = " ".join(ordinal(under)).removeprefix("one ")  # one hundredth, not one one hundredth
        part = name, f"{name}s"
    return (*cardinal(over), *part[over != 1].split())


_PARTS = {1: ("whole", "wholes"), 2: ("half", "halves"), 4: ("quarter", "quarters")}
