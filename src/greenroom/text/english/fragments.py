"""What no rule knows, read piece by piece: letters, numbers and signs one after another.

This is the reading that always succeeds. Its time is linear in the length of the word.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from greenroom.text.english.initialisms import LETTER_A, letters
from greenroom.text.english.numerals import decimal, pairs, plural, whole
from greenroom.text.english.quantities import amount
from greenroom.text.english.words import FRACTION_SIGNS, FROM_SUPERSCRIPTS, NUMBER, SUPERSCRIPTS

SIGN_NAMES = {
    "%": "percent", "‰": "per mille", "&": "and", "@": "at", "+": "plus", "=": "equals", "#": "hash", "/": "slash",
    "\\": "backslash", "_": "underscore", "^": "to the power of", "~": "tilde", "°": "degrees", "§": "section",
    "©": "copyright", "×": "times", "÷": "divided by", "±": "plus or minus", "≈": "about", "≤": "at most",
    "≥": "at least", "≠": "is not equal to", "√": "root", "∞": "infinity", "∑": "sum", "∏": "product",
    "∫": "integral", "∂": "partial", "∆": "delta", "∈": "in", "$": "dollars", "€": "euros", "£": "pounds",
    "¥": "yen", "₹": "rupees", "₿": "bitcoin", "¢": "cents", "₩": "won", "→": "to", "->": "to", "=>": "to",
    "&&": "and", "==": "equals", "!=": "is not equal to", "<=": "at most", ">=": "at least",
}  # fmt: skip
"""Signs inside words that are said by name. Any other sign is silent."""

_OWN_READING = {
    "C#": ("C", "sharp"), "F#": ("F", "sharp"), "AT&T": ("A.T", "and", "T"), "A/B": (LETTER_A, "B"),
    "x86_64": ("x", "eighty-six", "sixty-four"), "x86-64": ("x", "eighty-six", "sixty-four"),
}  # fmt: skip

_PAUSES = {",": ",", ";": ";", ":": ":", "!": "!", "?": "?", "—": ",", "–": ","}

_BEFORE_NUMBERS = {"<": "less than", ">": "greater than"}
"""Brackets around words elsewhere, where they are silent: ``<name>``."""

_LONGEST_COMPOUND = 60
"""Characters after which hyphens join no further: text is hostile there, and joining on and on takes quadratic time."""


def read_fragments(core: str) -> tuple[str, ...]:
    """A word read piece by piece.

    >>> read_fragments("RTX-4090"), read_fragments("F5-TTS"), read_fragments("re-usable")
    (('R.T.X', 'forty', 'ninety'), ('F', 'five', 'T.T.S'), ('re-usable',))
    """
    if core in _OWN_READING:
        return _OWN_READING[core]
    return _read_often(core) if len(core) <= 40 else _read(core)


def _read(core: str) -> tuple[str, ...]:
    if core.endswith("(s"):  # "file(s)": its closing bracket is the word's closing punctuation
        core = f"{core[:-2]}s"
    spoken: list[str] = []
    found = list(scanner().finditer(core))
    for index, match in enumerate(found):
        if match["sign"]:
            before = found[index - 1] if index else None
            _say_sign(spoken, match["sign"], before, found[index + 1] if index + 1 < len(found) else None)
        elif match["number"]:
            spoken += _say_number(match["number"], after_letters=_after_letters(found, index))
        elif match["plural"]:
            spoken[-1] = plural(spoken[-1])
        elif match["raised"]:
            spoken += _say_raised(match["raised"])
        else:
            _say_letters(spoken, match["letters"], hyphened=_hyphened(found, index), alone=len(found) == 1)
    return tuple(spoken)


_read_often = lru_cache(maxsize=4096)(_read)


def _say_letters(spoken: list[str], run: str, *, hyphened: bool, alone: bool) -> None:
    said = letters(run)
    if run in {"A", "a"} and not alone and not hyphened:
        said = (LETTER_A,)  # "Q&A", "4a"
    if hyphened and len(said) == 1 and "." not in said[0] and len(spoken[-1]) < _LONGEST_COMPOUND:
        spoken[-1] += f"-{said[0]}"
    else:
        spoken += said


def _say_sign(spoken: list[str], sign: str, before: re.Match[str] | None, behind: re.Match[str] | None) -> None:
    number_follows = behind is not None and bool(behind["number"])
    if sign == ".":
        _say_dot(spoken, before, behind)
    elif sign in _PAUSES:
        if spoken and behind and spoken[-1][-1].isalpha():
            spoken[-1] += _PAUSES[sign]
    elif sign in _BEFORE_NUMBERS and number_follows:
        spoken += _BEFORE_NUMBERS[sign].split()
    elif sign == "-" and number_follows and (before is None or before["sign"]):
        spoken.append("minus")
    else:
        spoken += SIGN_NAMES.get(sign, "").split()


def _say_dot(spoken: list[str], before: re.Match[str] | None, behind: re.Match[str] | None) -> None:
    """A dot inside a word, unless punctuation is around it: ``foo.bar``, ``.gitignore``."""
    if not behind or behind["sign"] or (before and before["sign"]):
        return
    if not before:
        spoken.append("dot")
    elif _new_sentence(before, behind):  # "the end.Next": a space was forgotten
        spoken[-1] += "."
    elif not (len(before[0]) == 1 and before[0].isupper() and behind["number"]):  # silent in "H.264"
        spoken.append("dot")


def _say_number(text: str, *, after_letters: bool) -> tuple[str, ...]:
    if text[-1] in FRACTION_SIGNS:
        return amount(text)
    if after_letters and text.isdecimal():
        return pairs(text)
    return decimal(text)


def _say_raised(text: str) -> tuple[str, ...]:
    power = text.translate(FROM_SUPERSCRIPTS)
    return {"2": ("squared",), "3": ("cubed",)}.get(power, ("to", "the", "power", "of", *whole(power)))


def _after_letters(found: list[re.Match[str]], index: int) -> bool:
    """Whether letters stand right before, or before a hyphen or a dot: then a number is a model's (RTX-4090, H.264)."""
    if index and found[index - 1]["sign"] in {"-", "."}:
        index -= 1
    return index > 0 and bool(found[index - 1]["letters"])


def _hyphened(found: list[re.Match[str]], index: int) -> bool:
    """Whether these letters are joined by one hyphen to letters that stay a word: ``re-usable``, not ``RTX-ready``."""
    if index < 2 or found[index - 1]["sign"] != "-" or not found[index - 2]["letters"]:
        return False
    if index > 2 and len(found[index - 2]["letters"]) == 1:  # "3.1-8B-Instruct", but "X-ray"
        return False
    return len(before := letters(found[index - 2]["letters"])) == 1 and "." not in before[0]


def _new_sentence(before: re.Match[str], behind: re.Match[str]) -> bool:
    left, right = before["letters"] or "", behind["letters"] or ""
    return len(left) > 1 and left.islower() and len(right) > 1 and right[0].isupper() and right[1:].islower()


@cache
def scanner() -> re.Pattern[str]:
    """One fragment: a number, its plural's ``s``, raised digits, letters with marks and apostrophes, or one sign.

    Python's ``\\w`` has no combining marks, without which Indic words would fall apart; finding them takes 20 ms.
    """
    marks = "".join(char for char in map(chr, range(0x300, 0x1F000)) if unicodedata.category(char).startswith("M"))
    letter = rf"(?:[^\W\d_{FRACTION_SIGNS}{SUPERSCRIPTS}]|[{marks}])"
    number = rf"(?<![^\W_])\.\d+|(?!\.){NUMBER}"  # the 264 of "H.264" is no decimal
    return re.compile(
        rf"(?P<number>(?:{number})[{FRACTION_SIGNS}]?|[{FRACTION_SIGNS}])|(?P<plural>(?<=\d)'?s(?!{letter}))"
        rf"|(?P<raised>[{SUPERSCRIPTS}]+)|(?P<letters>{letter}+(?:'{letter}+)*)|(?P<sign>[<>=!]=|->|=>|&&|.)"
    )
