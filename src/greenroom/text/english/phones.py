"""Telephone numbers: digit by digit, a short pause between groups."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.text.english.numerals import digits
from greenroom.text.english.words import Said, word_set

if TYPE_CHECKING:
    from greenroom.text.english.words import Reading, Words

_NORTH_AMERICAN = re.compile(r"(?:\+?1[-. ])?(?:\(\d{3}\)[- ]?|\d{3}[-.])\d{3}[-.]\d{4}")
_INTERNATIONAL = re.compile(r"\+\d{1,3}(?:[-. ]?\(\d{1,4}\))?(?:[-. ]\d{2,4}){2,5}")
_TOGETHER = re.compile(r"\+\d{9,15}")
_LOCAL = re.compile(r"\d{3}-\d{4}")
_PARTS = re.compile(r"[+\d().-]+")

_FEWEST_DIGITS = 9
_MOST_WORDS = 6
_CALLS = word_set("call called calling cell dial dialed fax mobile number phone tel telephone text")


def phone(words: Words, at: int) -> Reading | None:
    """``555-123-4567``, ``(555) 123-4567``, ``+44 20 7946 0958``; ``555-1234`` only behind "call" and the like."""
    if _LOCAL.fullmatch(words.core(at)) and words.core(at - 1).lower().rstrip(":.") in _CALLS:
        return (_say(words.core(at)),)
    reach = _reach(words, at)
    if sum(char.isdecimal() for place in range(at, at + reach) for char in words.core(place)) < _FEWEST_DIGITS:
        return None
    for count in range(reach, 0, -1):
        parts = [words[place].whole for place in range(at, at + count)]
        parts[-1] = parts[-1].rstrip(".,;:!?\"'") if count > 1 or words[at].lead != "(" else words.core(at)
        if _is_phone(" ".join(parts)):
            return tuple(_say(part, more=place < count - 1) for place, part in enumerate(parts))
    return None


def _reach(words: Words, at: int) -> int:
    """How many words a number that begins here may have: more than one only with + or a bracket."""
    first = words[at]
    opens = first.core.startswith("+") or (first.lead == "(" and len(first.core) == 3)
    if not opens and not (first.core == "1" and words[at + 1].lead == "("):
        return 1
    count = 0
    while count < _MOST_WORDS and _PARTS.fullmatch(words[at + count].whole.rstrip(".,;:!?\"'")):
        count += 1
    return max(1, count)


def _is_phone(text: str) -> bool:
    enough = _FEWEST_DIGITS <= sum(map(str.isdecimal, text)) <= 15
    return enough and any(form.fullmatch(text) for form in (_NORTH_AMERICAN, _INTERNATIONAL, _TOGETHER))


def _say(part: str, *, more: bool = False) -> Said:
    spoken: list[str] = ["plus"] if part.startswith("+") else []
    groups = [group for group in re.split(r"\D+", part) if group]
    for index, group in enumerate(groups):
        *front, last = digits(group)
        spoken += (*front, f"{last}," if more or index < len(groups) - 1 else last)
    return Said(tuple(spoken))
