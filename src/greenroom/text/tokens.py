"""A written word together with what is said for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from greenroom.text.clean import PARAGRAPH

if TYPE_CHECKING:
    from collections.abc import Iterable

MARKS = ".,;:?!"
"""Punctuation that may stand behind a spoken word: it is heard as a pause or as a melody."""

_PUNCTUATION = MARKS + "\"'“”‘’‚„«»‹›()[]{}¿¡…–—-。、，！？；：「」『』（）।॥،؛؟"

SENTENCE_MARKS = ".?!"


class Break(IntEnum):
    """How strongly the text ends behind a word; a larger one is a better place to stop."""

    WORD = 0
    CLAUSE = 1
    SENTENCE = 2
    PARAGRAPH = 3


@dataclass(frozen=True, slots=True)
class Token:
    """One written word and its reading.

    written: what a caption shows, its punctuation attached: ``$3.50,``.
    spoken: what a voice says for it, a pause mark behind a word where one is heard: ``("three", ..., "cents,")``.
    Empty for a word that nobody says, such as ``—``. Of a group that is read out of order (``$3.5 million``) each
    written word has the spoken words of its place: ``("three", "point", "five")`` and ``("million", "dollars")``.
    end: what ends behind it.
    """

    written: str
    spoken: tuple[str, ...] = ()
    end: Break = Break.WORD

    @property
    def silent(self) -> bool:
        """Whether nothing is said for it; a caption shows it together with its neighbour."""
        return not self.spoken

    @property
    def ends_sentence(self) -> bool:
        return self.end >= Break.SENTENCE

    @property
    def ends_paragraph(self) -> bool:
        return self.end == Break.PARAGRAPH

    @property
    def words(self) -> tuple[str, ...]:
        """The spoken words without the punctuation around them, as an aligner wants them."""
        return tuple(word.strip(_PUNCTUATION) for word in self.spoken)


def speech(tokens: Iterable[Token]) -> str:
    """The text that a voice is given.

    A paragraph's last word gets a full stop where it has no mark, and a sentence's first letter is made a capital:
    espeak-ng ends a sentence at a full stop only before a capital, and a number that is written in digits has none.

    >>> speech([Token("Go.", ("go.",), Break.SENTENCE), Token("3", ("three",), Break.PARAGRAPH)])
    'go. Three.'
    """
    said: list[str] = []
    fresh = False  # The very first word stays as it is: it may continue a sentence of the chunk before.
    for token in tokens:
        for word in token.spoken:
            said.append(word[0].upper() + word[1:] if fresh else word)
            fresh = False
        if token.ends_paragraph and said and said[-1][-1].isalnum():
            said[-1] += "."
        fresh = fresh or token.ends_sentence
    return " ".join(said)


def writing(tokens: Iterable[Token]) -> str:
    """The written words again, as cleaned text: spaces between words, ``PARAGRAPH`` between paragraphs."""
    parts: list[str] = []
    for token in tokens:
        parts += (token.written, PARAGRAPH if token.ends_paragraph else " ")
    return "".join(parts[:-1])
