"""A paragraph's written words taken apart, as the reading rules see them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def word_set(text: str) -> frozenset[str]:
    """A table of words, written as one text."""
    return frozenset(text.split())


OPENING = "\"'([{*_`|"
CLOSING = "\"')]}*_`|.,;:!?-–—"

NUMBER = r"(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)"
"""A number without its sign: ``7``, ``1,234.50``, ``.5``."""

FRACTION_SIGNS = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒↉"
SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
FROM_SUPERSCRIPTS = str.maketrans(SUPERSCRIPTS, "0123456789")


class Dot(Enum):
    """What the full stop behind a word is."""

    ENDS = "the end of a sentence"
    NEVER = "a part of the word, as in Dr. Smith"
    BEFORE_CAPITAL = "a part of the word; also the end of a sentence where a capital follows, as in p.m. Then"
    BEFORE_OPENER = "a part of the word; also the end where a word follows that opens sentences, as in the U.S. The"


@dataclass(frozen=True, slots=True)
class Said:
    """What is said for one written word, and what its full stop is. mark: a pause that its punctuation does not show.

    An empty ``words`` is a word that nobody says.
    """

    words: tuple[str, ...]
    dot: Dot = Dot.ENDS
    mark: str = ""


Reading = tuple[Said, ...]
"""What is said for one or more written words that follow each other."""

if TYPE_CHECKING:
    Rule = Callable[["Words", int], Reading | None]
    """Reads the words from a place on, as many as belong together, or leaves them to the next rule with None."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One written word: its opening punctuation, its core, its closing punctuation, all with folded characters.

    >>> take_apart("“$3.50”,")
    Piece(written='“$3.50”,', lead='"', core='$3.50', tail='",')
    """

    written: str
    lead: str
    core: str
    tail: str

    @property
    def whole(self) -> str:
        """The folded word with its punctuation."""
        return self.lead + self.core + self.tail


_NOTHING = Piece("", "", "", "")

_REACH = 8
"""How many words a rule may look beyond either end of a paragraph."""


class Words:
    """The words of one paragraph. Up to ``_REACH`` beyond its ends there are empty pieces: rules look around freely.

    day_first: whether 05/12 is the fifth of December, as Britons write it.
    """

    __slots__ = ("_padded", "day_first")

    def __init__(self, pieces: Iterable[Piece], *, day_first: bool = False) -> None:
        self._padded = (_NOTHING,) * _REACH + tuple(pieces) + (_NOTHING,) * _REACH
        self.day_first = day_first

    def __getitem__(self, at: int) -> Piece:
        return self._padded[at + _REACH]

    def __len__(self) -> int:
        return len(self._padded) - 2 * _REACH

    def core(self, at: int) -> str:
        return self._padded[at + _REACH].core

    def linked(self, at: int, between: str = "") -> bool:
        """Whether nothing but ``between`` stands from the word's core to the next word's core."""
        follows = self[at + 1]
        return self[at].tail == between and not follows.lead and follows.core != ""

    def noun_follows(self, at: int) -> bool:
        """Whether the next word, with nothing between, may be what the word counts or describes."""
        noun = self.core(at + 1)
        return self.linked(at) and noun.isalpha() and noun.islower() and noun not in _NOT_NOUNS

    def attributive(self, at: int, last: int) -> bool:
        """Whether a quantity stands before its noun, as in "a 10 km run": then its unit is said in the singular.

        at: the quantity's first word.  last: its last word.
        """
        return self.core(at - 1).lower() in {"a", "an"} and self.noun_follows(last)


_NOT_NOUNS = word_set(
    "a an and are as at but by for from has in into is less more of off on or per plus than the to was were "
    "when while with"
)


def take_apart(written: str) -> Piece:
    """Split a written word into opening punctuation, core and closing punctuation. Time is linear in its length."""
    if written.isascii() and written.isalpha():
        return Piece(written, "", written, "")
    text = written if written.isascii() else fold(written)
    inner = text.lstrip(OPENING)
    if inner.startswith(".."):  # "...and then": the word is what follows the dots
        inner = inner.lstrip(".")
    elif inner.startswith(("—", "–")) and inner[1:2].isalpha():  # "—Hello", as dialogue is written
        inner = inner.lstrip("—–")
    core = inner.rstrip(CLOSING)
    return Piece(written, text[: len(text) - len(inner)], core, inner[len(core) :])


def spread(spoken: tuple[str, ...], over: int) -> tuple[Said, ...]:
    """Give each of ``over`` written words its share of the spoken ones, in order, at least one each."""
    bounds = [round(index * len(spoken) / over) for index in range(over + 1)]
    return tuple(Said(spoken[start:end]) for start, end in pairwise(bounds))


def fold(text: str) -> str:
    """Give characters that are read alike one form: ``“ → "``, ``ﬁ → fi``, ``٣ → 3``, ``① → 1``, ``℃ → °C``.

    Dashes stay apart from hyphens, since they are read differently; fractions and exponents keep their own signs.
    """
    return text.translate(_FOLDED)


class _Fold(dict[int, str]):
    """Fills itself with the characters that it is asked for."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold_character(chr(code))
        return folded


_FOLDED = _Fold(
    {ord(char): "'" for char in "’‘‚‛ʼ′´"}
    | {ord(char): '"' for char in "“”„‟«»″"}
    | {ord(char): "-" for char in "‐‑‒−﹣－"}
    | {ord("…"): "...", ord("µ"): "μ", ord("㎛"): "μm"}
    | {ord(char): char for char in FRACTION_SIGNS + SUPERSCRIPTS + "–—™®©"}
)


def _fold_character(char: str) -> str:
    if char.isascii():
        return char
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    form = unicodedata.normalize("NFKC", char).replace("⁄", "/")
    if form != char and not re.search(r"\s", form):
        return form
    if char.isnumeric() and not char.isalpha():  # a number sign of a script that has no NFKC form
        value = unicodedata.numeric(char)
        return str(int(value)) if value.is_integer() else f"{value:g}"
    return char
