"""Cleaned text becomes tokens: each written word together with what is said for it."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from greenroom.errors import InputInvalid, quoted
from greenroom.text.clean import PARAGRAPH, clean, has_speech
from greenroom.text.english import reader
from greenroom.text.english.abbreviations import OPENERS
from greenroom.text.english.words import Dot
from greenroom.text.tokens import MARKS, SENTENCE_MARKS, Break, Token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.text.english.words import Piece, Words

_CODE = re.compile(r"[a-z]{2,4}(?:[-_][a-z0-9]{1,8})*", re.IGNORECASE)

# Regions whose English has 05/12 for the fifth of December; espeak-ng's 029 is the Caribbean.
_DAY_FIRST = frozenset({"gb", "029", "au", "ie", "in", "nz", "za"})

# How the ends of sentences and clauses are written outside English, full-width and Arabic, Devanagari, ... forms too.
_SENTENCE_ENDS = ".?!…。．？！؟।॥۔։።"
_CLAUSE_ENDS = ",;:—–،؛、，；：﹑"
_CLOSERS = "\"'“”‘’«»)]}」』）】"
_NOT_AN_END = re.compile(r"\W*(?:\d{1,2}|[^\W\d_](?:\.[^\W\d_])*)\.")  # "3. Mai", "J. Smith", "z.B. Ulm"


def normalise(text: str, language: str = "en") -> tuple[Token, ...]:
    """Give every written word of a text its reading.

    text: as it came; it is cleaned here, and cleaning cleaned text changes nothing.
    language: a code as ``en``, ``en-gb``, ``de``, ``cmn``. English (any ``en`` code) is normalised: numbers, dates,
    money, units, abbreviations and so on become words, as Americans say them; only 12/05 is read day first where the
    region writes it so (en-gb). Any other language is passed on as it is written, digits left to the voice's engine,
    which knows that language's numbers; which codes a voice has is the voice's to say.
    Returns the tokens in order: ``writing(tokens)`` is the cleaned text, ``speech(tokens)`` what a voice reads.
    Raises InputInvalid for a language that is no code; never for any text.

    >>> [(token.written, token.spoken) for token in normalise("It cost $3.5 million — really?")][2:]
    [('$3.5', ('three', 'point', 'five')), ('million', ('million', 'dollars,')), ('—', ()), ('really?', ('really?',))]
    """
    if not _CODE.fullmatch(language):
        raise InputInvalid(f"{quoted(language)} is not a language code", mend="write it as en, en-gb, de or cmn")
    spoken, region = (*re.split("[-_]", language.lower()), "")[:2]
    tokens: list[Token] = []
    for paragraph in clean(text).text.split(PARAGRAPH):
        if spoken == "en":
            tokens += _english(reader.paragraph(paragraph, day_first=region in _DAY_FIRST))
        else:
            tokens += _as_written(paragraph.split())
    return tuple(tokens)


def _english(words: Words) -> list[Token]:
    tokens: list[Token] = []
    speaking = -1  # the last token that says something
    for at, said in enumerate(reader.read(words)):
        names_sign = said.words and not words[at].core  # the punctuation is what is said: "10 – 20"
        mark = said.mark or ("" if names_sign else _mark(words, at, said.dot))
        spoken = said.words
        if spoken:
            speaking = at
            if mark and spoken[-1][-1] not in MARKS:
                spoken = (*spoken[:-1], spoken[-1] + mark)
        elif mark and speaking >= 0:
            tokens[speaking] = _paused(tokens[speaking], mark)
        tokens.append(Token(words[at].written, spoken, _break(words, at, mark)))
    if tokens:
        tokens[-1] = Token(tokens[-1].written, tokens[-1].spoken, Break.PARAGRAPH)
    return tokens


def _paused(token: Token, mark: str) -> Token:
    """A word with the pause of the silent word behind it. The place to stop is behind that one, not behind this."""
    *front, last = token.spoken
    return token if last[-1] in MARKS else Token(token.written, (*front, last + mark), token.end)


def _break(words: Words, at: int, mark: str) -> Break:
    if not mark:
        return Break.WORD
    goes_on = words[at].tail.endswith(("'", '"')) and words.core(at + 1)[:1].islower()  # "Stop!" he said.
    return Break.SENTENCE if mark in SENTENCE_MARKS and not goes_on else Break.CLAUSE


def _mark(words: Words, at: int, dot: Dot) -> str:
    """The one mark that is heard of a word's closing punctuation."""
    piece, follows = words[at], words[at + 1]
    tail = piece.tail
    if not tail and not follows.lead:  # most words
        return ""
    if dot is not Dot.ENDS and tail.startswith("."):
        rest = tail[1:]
        tail = rest if _only_part(dot, rest, follows) else tail
    if "?" in tail:
        return "?"
    if "!" in tail:
        return "!"
    if "." in tail:
        return _full_stop(words, at, tail)
    for mark in ";:,":
        if mark in tail:
            return mark
    return "," if _pauses(piece, follows, tail) else ""


def _full_stop(words: Words, at: int, tail: str) -> str:
    """A full stop, or a pause where it only numbers an item (``1.``) or leaves a sentence open (``well... so``)."""
    core = words.core(at)
    numbers_item = at == 0 and len(words) > 1 and (len(core) == 1 or (core.isdecimal() and len(core) <= 3))
    left_open = ".." in tail and words.core(at + 1)[:1].islower()
    return "," if numbers_item or left_open else "."


def _only_part(dot: Dot, rest: str, follows: Piece) -> bool:
    """Whether an abbreviation's full stop is nothing but a part of it."""
    if not follows.written:
        return dot is Dot.NEVER
    if dot is Dot.NEVER or any(mark in rest for mark in ",;:?!"):
        return True
    if dot is Dot.BEFORE_OPENER:
        return follows.core not in OPENERS
    return not follows.core[:1].isupper()


def _pauses(piece: Piece, follows: Piece, tail: str) -> bool:
    """Whether a dash or a bracket without other punctuation is heard as a pause."""
    if not follows.written:
        return False
    dashed = tail.endswith(("—", "–", "--")) or follows.lead.startswith(("—", "–"))
    closes = (")" in tail and "(" not in piece.core) or "]" in tail
    return dashed or closes or "(" in follows.lead or "[" in follows.lead


def _as_written(words: list[str]) -> Iterator[Token]:
    """The words of a paragraph of another language, their punctuation left to the engine."""
    for written, follows in pairwise([*words, ""]):
        spoken = (written,) if has_speech(written) else ()
        end = _written_break(written, follows) if follows else Break.PARAGRAPH
        yield Token(written, spoken, end)


def _written_break(written: str, follows: str) -> Break:
    bare = written.rstrip(_CLOSERS)
    if bare.endswith(tuple(_SENTENCE_ENDS)) and not _NOT_AN_END.fullmatch(bare):
        return Break.WORD if bare.endswith(".") and follows[:1].islower() else Break.SENTENCE
    return Break.CLAUSE if bare.endswith(tuple(_CLAUSE_ENDS)) else Break.WORD
