"""Signs that stand alone between words: ``&``, ``+``, ``=``, ``->``, ``5 - 3``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.text.english.fragments import SIGN_NAMES
from greenroom.text.english.numbers import CALCULATION
from greenroom.text.english.words import Said, word_set

if TYPE_CHECKING:
    from greenroom.text.english.words import Reading, Words

_NAMES = SIGN_NAMES | CALCULATION | {"->": "to", "=>": "to", "&&": "and", "@": "at", "+/-": "plus or minus"}
"""Signs that are said wherever they stand between two words."""

_SILENT = word_set("# _ ^ * / - \\ ~")
"""Signs with a name that is not said where they stand alone."""

_DASHES = word_set("- – — -- --- ――")
_PAUSES = _DASHES | word_set("| || ; : / // \\ · • ... .. … ~ <> ><")


def between(words: Words, at: int) -> Reading | None:
    """A sign that stands alone. Between numbers it calculates; a dash is a range or a minus there, else a pause."""
    sign = words[at].whole
    if not sign or any(map(str.isalnum, sign)):
        return None
    inside = 0 < at < len(words) - 1
    spoken = _calculated(words, at, sign)
    if not spoken and inside and sign not in _PAUSES and sign not in _SILENT:
        spoken = _NAMES.get(sign, "")
    pauses = inside and not spoken and sign in _PAUSES
    return (Said(tuple(spoken.split()), mark="," if pauses else ""),)


def _calculated(words: Words, at: int, sign: str) -> str:
    """What a sign says between two numbers, or nothing."""
    left, right = _number(words, at - 1), _number(words, at + 1)
    if left is None or right is None or words[at - 1].tail:
        return ""
    if sign in _DASHES:
        calculates = "=" in {words[at + 2].whole, words[at - 2].whole}
        return "minus" if calculates or left >= right else "to"
    if sign in {"×", "*"} and min(left, right) >= 100:  # 1280 × 720
        return "by"
    return "to" if sign == ":" else CALCULATION.get(sign, "")


def between_letters(words: Words, at: int) -> Reading | None:
    """``1280 x 720``, where the sign is a letter."""
    if words.core(at) not in {"x", "X"} or words[at].tail or words[at].lead:
        return None
    if _number(words, at - 1) is None or _number(words, at + 1) is None:
        return None
    return (Said(("by",)),)


def _number(words: Words, at: int) -> float | None:
    """The value of a bare number or of one with a unit attached, for telling ranges from differences."""
    match = re.match(r"[-+$€£]?(\d[\d,]{0,15}(?:\.\d{1,9})?)", words.core(at))
    return float(match[1].replace(",", "")) if match else None
