"""A text becomes words with their readings, and chunks of them that the model says in one go.

The model reads no numbers (its most common complaint after pace), so English is normalised as for every voice:
``$3.50`` is said "three dollars and fifty cents", and captions show ``$3.50``. Chinese is passed on as it is written.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from greenroom.errors import InputInvalid
from greenroom.models.f5tts.chunks import chunks, says
from greenroom.text.clean import PARAGRAPH
from greenroom.text.normalise import normalise
from greenroom.text.tokens import Break, Token, speech

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# A word with a character that is read as told.
_TOLD = re.compile("(\\S*[\ue000-\uf8ff]\\S*)")

CHINESE = "zh"
ENGLISH = "en"

# A Han character is a syllable, as long as three Latin letters.
_LETTERS_A_HAN = 3
_SENTENCE_ENDS, _CLAUSE_ENDS = "。！？.!?", "，；：、,;:…—"


class NothingToSay(InputInvalid):
    """A text without a letter or a number."""

    code = "nothing-to-say"


@dataclass(frozen=True, slots=True)
class Chunk:
    """What the model says in one go. said: as it is given to the model.  tokens: the written words of it."""

    said: str
    tokens: tuple[Token, ...]


def language_of(text: str, asked: str | None = None) -> str:
    """The language that was asked for, else the one that most letters are of: ``zh`` or ``en``."""
    if asked is not None:
        return asked.lower().replace("_", "-")
    han = sum(is_han(char) for char in text)
    letters = sum(char.isalpha() for char in text) - han
    return CHINESE if han and han * _LETTERS_A_HAN >= letters else ENGLISH


def is_chinese(language: str) -> bool:
    """Whether a language is written without spaces and read by pinyin."""
    return language.partition("-")[0] in (CHINESE, "cmn", "yue")


def is_han(char: str) -> bool:
    """Whether a character is of the blocks that Chinese is written with."""
    return "\u3400" <= char <= "\u9fff"


def without_pictures(text: str) -> str:
    """The text without emoji and other pictures, which the model would take for silence."""
    return "".join(char for char in text if not is_picture(char))


def is_picture(char: str) -> bool:
    """Whether a character is an emoji, a symbol like one, or what joins and colours them."""
    return unicodedata.category(char) == "So" or char in "\u200d\ufe0e\ufe0f" or "\U0001f3fb" <= char <= "\U0001f3ff"


def refuse_silence(text: str, name: str = "text") -> None:
    """Raises NothingToSay for a text of marks and pictures alone."""
    if not says(text):
        what = "has no letter or number in it, so there is nothing to say" if text.strip() else "is empty"
        raise NothingToSay(f"{name} {what}", mend="give at least one word")


def words_of(text: str, language: str) -> tuple[Token, ...]:
    """The written words of a text with their readings; characters that are read as told (see ``script``) stay.

    Raises InputInvalid for a language that is no code.
    """
    if is_chinese(language):
        return tuple(_chinese(text))
    # What is read as told is not for the normaliser, which takes such characters out.
    tokens: list[Token] = []
    for place, part in enumerate(_TOLD.split(text)):
        if place % 2:
            tokens.append(Token(part, (part,)))
        elif part.strip():
            tokens += normalise(part, language)
            if not part.rstrip(" ").endswith("\n") and _TOLD.search(text):
                tokens[-1] = replace(tokens[-1], end=min(tokens[-1].end, _break(tokens[-1].written)))
    if tokens:
        tokens[-1] = replace(tokens[-1], end=Break.PARAGRAPH)
    return tuple(tokens)


def said_of(tokens: Sequence[Token], language: str) -> str:
    """What the model is given for words."""
    if not is_chinese(language):
        return speech(tokens)
    return "".join("".join(token.spoken) + (PARAGRAPH if token.ends_paragraph else "") for token in tokens)


def chunks_of(tokens: Sequence[Token], language: str, limit: int, first: int | None = None) -> list[Chunk]:
    """Cut words into chunks of at most ``limit`` bytes, the first of at most ``first``, at the best stops.

    A word that is cut belongs to the chunk that it begins in. Words that nobody says go with the word before them.
    """
    cut = chunks(said_of(tokens, language), limit, first)
    ends = list(_ends(cut, "".join(said_of(tokens, language).split())))
    shared: list[list[Token]] = [[] for _ in cut]
    at = place = 0
    for token in tokens:
        while token.spoken and place < len(cut) - 1 and at >= ends[place]:
            place += 1
        if cut:
            shared[place].append(token)
        at += sum(len("".join(word.split())) for word in token.spoken)
    return [Chunk(said, tuple(words)) for said, words in zip(cut, shared, strict=True)]


def _ends(cut: Sequence[str], whole: str) -> Iterator[int]:
    """Where each chunk ends in the text without spaces."""
    at = 0
    for chunk in cut:
        bare = "".join(chunk.split())
        at = whole.index(bare, at) + len(bare)
        yield at


def _chinese(text: str) -> Iterator[Token]:
    """The words of a text without spaces: as the segmenter cuts it, marks with the word before them.

    Latin words in a row stay one word, as the space between them would be lost.
    """
    for paragraph in text.split(PARAGRAPH):
        words = _together(paragraph)
        for said, follows in pairwise([*words, ""]):
            written = said.strip()
            end = _break(written) if follows else Break.PARAGRAPH
            # The space behind Latin words is kept, since none is put between these.
            yield Token(written, (without_pictures(said),) if says(said) else (), end)


def _together(paragraph: str) -> list[str]:
    from greenroom.models.f5tts.tokens import published_reader

    words: list[str] = []
    for segment in published_reader().segments(paragraph):
        latin = segment.isascii() and bool(words) and words[-1].isascii()
        if words and (latin or not says(segment)):
            words[-1] += segment
        else:
            words.append(segment)
    return words


def _break(written: str) -> Break:
    last = written.rstrip("\"'”’)）」』")[-1:]
    if last and last in _SENTENCE_ENDS:
        return Break.SENTENCE
    return Break.CLAUSE if last and last in _CLAUSE_ENDS else Break.WORD
