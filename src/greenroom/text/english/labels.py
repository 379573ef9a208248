"""Words that count things: ``No. 5``, ``pp. 3–5``, ``Chapter IV``, ``Henry VIII``, ``plan A``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.text.english.fragments import read_fragments
from greenroom.text.english.initialisms import LETTER_A
from greenroom.text.english.numerals import cardinal, ordinal
from greenroom.text.english.quantities import quantity
from greenroom.text.english.words import Dot, Said, word_set

if TYPE_CHECKING:
    from greenroom.text.english.words import Reading, Words

# Shortened, with their dot, before a number.
_SHORT_LABELS = {
    "no": "number", "nos": "numbers", "nr": "number", "num": "number", "p": "page", "pp": "pages", "fig": "figure",
    "figs": "figures", "ch": "chapter", "chap": "chapter", "vol": "volume", "vols": "volumes", "sec": "section",
    "eq": "equation", "eqs": "equations", "art": "article", "pt": "part", "ref": "reference", "tab": "table",
    "app": "appendix", "ex": "example", "ep": "episode", "ser": "series", "l": "line", "ll": "lines", "op": "opus",
}  # fmt: skip

TRIGGERS = frozenset(form for word in _SHORT_LABELS for form in (word, word.capitalize()))

COUNTED = word_set("""
    act appendix article band book canto chapter class curve domain episode exhibit figure grade group hepatitis lesson
    level mark model movement option page part phase plan plate point question quadrant round rule scene schedule season
    section series session stage step symphony table task team theorem tier title track type unit vitamin
    volume war zone bowl
    """)
"""Words that a number, a Roman numeral or a letter follows as a name."""

# Of these a single I, V or X is a numeral; of the others it is a letter, as in "vitamin C" and "question I have".
_NUMBERED = word_set("Act Article Book Canto Chapter Part Phase Scene Section Symphony Title Volume War")

# First names that rulers and popes bear with a number.
_RULERS = word_set("""
    Albert Alexander Alfonso Augustus Baldwin Benedict Boniface Carlos Catherine Charles Christian Clement Constantine
    David Edward Elizabeth Eric Ernest Ferdinand Francis Frederick George Gregory Gustav Haakon Harald Henry Innocent
    Isabella James John Joseph Juan Julius Leo Leopold Louis Ludwig Magnus Margaret Maria Mary Maximilian Mehmed
    Murad Napoleon Nicholas Olaf Otto Paul Pedro Peter Philip Pius Ptolemy Ramesses Ramses Richard Robert Rudolf
    Selim Stephen Suleiman Thutmose Umberto Urban Victoria Vladimir Wilhelm William Xerxes
    """)

_ROMAN = re.compile(r"(?=[IVXLC])C{0,3}(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_SMALL_ROMAN = re.compile(r"[IVX]{2,}")

# Also words, or letters, that may stand before a Roman numeral's letters by chance.
_RARELY_ROMAN = word_set("no nos nr p pp l ll ex")

# Behind "Elizabeth I" the sentence goes on with one of these; behind "George, I think" it does not.
_AFTER_FIRST = word_set("and as at became died had in is of on reigned ruled to was who with")


def short_label(words: Words, at: int) -> Reading | None:
    """``No. 5 → number five``, ``pp. 3–5 → pages three to five``; the number itself is read by its own rule."""
    piece = words[at]
    label = _SHORT_LABELS.get(piece.core.lower())
    follows = words.core(at + 1)
    if (
        not label
        or not (piece.tail == "." or "№" in piece.written)
        or not (follows[:1].isdecimal() or _takes_roman(piece.core, follows))
    ):
        return None
    return (Said((label,), Dot.NEVER),)


def _takes_roman(label: str, follows: str) -> bool:
    """Behind "No." an "I" or a "V" begins a sentence; "Vol. IV" is counted."""
    return label.lower() not in _RARELY_ROMAN and follows != "I" and bool(_ROMAN.fullmatch(follows))


def short_label_attached(words: Words, at: int) -> Reading | None:
    """``No.5``, ``p.7``, ``vol.2``."""
    label, dot, number = words.core(at).partition(".")
    if not dot or label.lower() not in _SHORT_LABELS:
        return None
    counted = quantity(number)
    return (Said((_SHORT_LABELS[label.lower()], *counted.words)),) if counted and not counted.rest else None


def numeral(words: Words, at: int) -> Reading | None:
    """A Roman numeral: ``Henry VIII → Henry the eighth``, ``Chapter IV → chapter four``, ``World War II``."""
    core = words.core(at)
    base, possessive, _ = core.partition("'s")
    if not _ROMAN.fullmatch(base) or not words.linked(at - 1) or core not in {base, f"{base}'s"}:
        return None
    before = words.core(at - 1)
    if before in _RULERS and (base != "I" or _ends_name(words, at)):
        *front, last = ("the", *ordinal(roman(base)))
    elif _is_numbered(words, at, before, base):
        *front, last = cardinal(roman(base))
    else:
        return None
    return (Said((*front, last + possessive)),)


def short_label_numeral(words: Words, at: int) -> Reading | None:
    """The Roman numeral behind a shortened label: ``Vol. IV``."""
    core = words.core(at)
    before = words.core(at - 1)
    if words[at - 1].tail != "." or before.lower() not in _SHORT_LABELS or not _takes_roman(before, core):
        return None
    return (Said(cardinal(roman(core))),)


def counted_letter(words: Words, at: int) -> Reading | None:
    """``plan A``: alone between words, espeak-ng would take the letter for the article."""
    if words.core(at) != "A" or words.core(at - 1).lower() not in COUNTED or not words.linked(at - 1):
        return None
    return (Said((LETTER_A,)),)


def hash_number(words: Words, at: int) -> Reading | None:
    """``#5 → number five``, ``#greenroom → hashtag greenroom``, ``§ 5 → section five``."""
    core = words.core(at)
    if core in {"#", "§", "§§"} and words.linked(at) and words.core(at + 1)[:1].isdecimal():
        return (Said(("number" if core == "#" else "section",)),)
    if core[:1] not in {"#", "§"}:
        return None
    counted = quantity(core.lstrip("#§"))
    if not counted or counted.sign or not (not counted.rest or counted.rest.isalpha()):
        return None
    number = counted.words if not counted.rest else read_fragments(core.lstrip("#§"))
    return (Said(("number" if core[0] == "#" else "section", *number)),)


def _is_numbered(words: Words, at: int, before: str, base: str) -> bool:
    """Whether a numeral counts what stands before it: a chapter, a part, or any capitalised name."""
    if len(base) == 1:
        counts = before in _NUMBERED and base in "IVX"
        return counts and (base != "I" or before == "War" or _ends_name(words, at))
    named = before[:1].isupper() and len(before) > 1 and _SMALL_ROMAN.fullmatch(base) is not None
    return named or before.lower() in COUNTED


def roman(text: str) -> int:
    """``XIV → 14``."""
    total = 0
    for char, behind in zip(text, text[1:] + "I", strict=True):
        value = _ROMAN_VALUES[char]
        total += -value if value < _ROMAN_VALUES[behind] else value
    return total


def _ends_name(words: Words, at: int) -> bool:
    follows = words.core(at + 1)
    return bool(words[at].tail) or not follows or follows in _AFTER_FIRST
