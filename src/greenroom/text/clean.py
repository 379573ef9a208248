"""Raw text becomes text: what nobody sees or says is taken out, white space becomes words and paragraphs.

What a reader sees stays as it is written: curly quotes, dashes, accents, emoji. Captions show this text.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

PARAGRAPH = "\n\n"
"""What stands between two paragraphs of cleaned text."""

MOST_MARKS = 30
"""Combining marks kept on one letter. The longest real clusters have fewer; more would make Unicode's own ordering of
marks take quadratic time. Source: UAX #15, Stream-Safe Text Format."""

# Kinds in the order in which they are taken out: a whole escape sequence before the escape character itself.
_UNSEEN = (
    ("terminal escape sequences", re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")),
    ("control characters", re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")),
    ("bidirectional controls", re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")),
    ("soft hyphens", re.compile(r"\u00ad")),
    (
        "zero-width characters",
        re.compile(
            r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164"
            r"\ufe00-\ufe0d\ufeff\uffa0\U000e0000-\U000e001f\U000e0080-\U000e0fff]"
        ),
    ),
    ("private-use characters", re.compile(r"[\ue000-\uf8ff\U000f0000-\U0010ffff]")),
    (
        "broken characters",  # half a surrogate pair, non-characters, the places of absent objects
        re.compile(
            "[\ud800-\udfff\ufdd0-\ufdef\ufff0-\ufffc\ufffe\uffff"
            + "".join(f"{chr(p * 0x10000 + 0xFFFE)}{chr(p * 0x10000 + 0xFFFF)}" for p in range(1, 15))
            + "]"
        ),
    ),
    # Joiners and variation selectors build emoji and are spelling in Persian and in Indic scripts; in Latin text they
    # are left-overs of copying.
    (
        "loose joiners",
        re.compile(r"(?<![^\x00-\u036f\u1e00-\u1eff\s])[\u200c\u200d\ufe0e\ufe0f\U000e0020-\U000e007f]+"),
    ),
)

_LINE_ENDS = re.compile(r"\r\n|[\r\x0b\x85\u2028]")
_PARAGRAPH_ENDS = re.compile(r"[\x0c\u2029]")

# A line that begins so stands for itself, also where no blank line is above it.
_ITEM = re.compile(r"(?:[-*•‣▪]|\d{1,3}[.)]|#{1,6}) ")

_MUTE = frozenset("\u115f\u1160\u3164\uffa0\u02bc")  # letters by category: the Hangul fillers, an apostrophe


@dataclass(frozen=True, slots=True)
class Removed:
    """How many characters (or escape sequences) of one kind were taken out, as ``2 bidirectional controls``."""

    kind: str
    count: int

    def __str__(self) -> str:
        return f"{self.count} {self.kind}"


@dataclass(frozen=True, slots=True)
class CleanText:
    """text: words with one space between them, paragraphs with ``PARAGRAPH`` between them, nothing invisible.

    removed: what was there and cannot be seen, for those who wonder why the text is shorter than what they sent.
    """

    text: str
    removed: tuple[Removed, ...] = ()


def clean(text: str) -> CleanText:
    r"""Take out what cannot be seen, bring letters into one form (NFC), and white space into one form.

    A blank line, a form feed or U+2029 ends a paragraph; so does the line end before a list item or a heading. Any
    other line end is a space, as text is often wrapped. Never fails: half surrogates are taken out too, since no file
    can hold them. Cleaning twice changes nothing.

    >>> cleaned = clean("Hel\u00adlo\u00a0 world,\r\nthis is\n\n one.\ufeff")
    >>> cleaned.text, [str(kind) for kind in cleaned.removed]
    ('Hello world, this is\n\none.', ['1 soft hyphens', '1 zero-width characters'])
    """
    removed: tuple[Removed, ...] = ()
    if not text.isascii() or not text.isprintable():
        text, removed = _without_unseen(text)
    return CleanText(PARAGRAPH.join(_paragraphs(text)), removed)


def has_speech(text: str) -> bool:
    """Whether there is anything to say: a letter or a number of any script. ``"..."``, ``"—"`` and emoji have none."""
    return any(char.isalnum() and char not in _MUTE for char in text)


def _without_unseen(text: str) -> tuple[str, tuple[Removed, ...]]:
    text, stacked = _one_form(text)
    counts: dict[str, int] = {}
    for kind, pattern in _UNSEEN:
        text, counts[kind] = pattern.subn("", text)
    text, stacked_without = _one_form(text)  # letters and marks that only the unseen kept apart
    counts["stacks of combining marks"] = stacked + stacked_without
    return text, tuple(Removed(kind, count) for kind, count in counts.items() if count)


def _one_form(text: str) -> tuple[str, int]:
    """The text in NFC, and how many stacks of marks had to be cut before."""
    if text.isascii():
        return text, 0
    text, stacked = _stacks().subn(r"\1", text)
    return unicodedata.normalize("NFC", text), stacked


@cache
def _stacks() -> re.Pattern[str]:
    """More than ``MOST_MARKS`` combining marks in a row. Marks end below U+1F000; finding them takes some 20 ms."""
    marks = "".join(char for char in map(chr, range(0x300, 0x1F000)) if unicodedata.combining(char))
    return re.compile(f"([{marks}]{{{MOST_MARKS}}})[{marks}]+")


def _paragraphs(text: str) -> list[str]:
    text = _PARAGRAPH_ENDS.sub(PARAGRAPH, _LINE_ENDS.sub("\n", text.replace("\u2800", " ")))
    paragraphs: list[list[str]] = [[]]
    for line in text.split("\n"):
        words = line.split()
        if not words or _ITEM.match(f"{words[0]} "):
            paragraphs.append([])
        paragraphs[-1].extend(words)
    return [" ".join(words) for words in paragraphs if words]
