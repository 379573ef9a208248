"""A long text is cut into chunks, each short enough for one go. Sizes are UTF-8 bytes, as pace counts them.

There are two rules: ``published_chunks``, which is the original's, and ``chunks``, which never makes a chunk that is
too long for the model and no needlessly short one.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from enum import IntEnum
from itertools import accumulate
from typing import TYPE_CHECKING

from greenroom.models.f5tts.durations import USUAL_S, size
from greenroom.models.f5tts.tokens import published_reader
from greenroom.text.clean import has_speech

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PUBLISHED_CUTS = re.compile(r"(?<=[;:,.!?])\s+|(?<=[；：，。！？])")


def published_limit(reference_text: str, reference_s: float, speed: float = 1.0, whole_s: float = USUAL_S) -> int:
    """Bytes of a chunk by the published rule: what the reference's pace fits into the time that it leaves."""
    return int(size(reference_text) / reference_s * (whole_s - reference_s) * speed)


def published_chunks(text: str, limit: int) -> list[str]:
    """Cut as the original does: at punctuation, packed up to ``limit`` bytes. A longer clause stays whole.

    >>> published_chunks("One, two. Three!", 8)
    ['One,', 'two.', 'Three!']
    """
    packed: list[str] = []
    current = ""
    for piece in filter(None, _PUBLISHED_CUTS.split(text)):
        if current and size(current) + size(piece) > limit:
            packed.append(current.strip())
            current = ""
        current += f"{piece} " if size(piece[-1]) == 1 else piece
    return [*packed, current.strip()] if current else packed


def says(text: str) -> bool:
    """Whether there is anything to say: a letter or number, or a reading that stands for one (see ``script``)."""
    return has_speech(text) or any("\ue000" <= char <= "\uf8ff" for char in text)


class _End(IntEnum):
    """How well a chunk may end behind an atom."""

    CHARACTER = 0
    WORD = 1
    CLAUSE = 2
    SENTENCE = 3
    PARAGRAPH = 4


_LEAST_SHARE = 3
"""A stop is passed over when a chunk would be shorter than its even share divided by this."""

_ATOMS_OF_LIMIT = 4
"""Text without spaces is cut to a quarter of a chunk, so that chunks of like length can be made of it."""

_CLOSERS = "\"'”’»)\\]}」』）》】〉"
_FULL_WIDTH = "。！？；：，、…—"  # these end a clause without a space behind
_PARTS = re.compile(f"[^{_FULL_WIDTH}]*[{_FULL_WIDTH}]+[{_CLOSERS}]*|[^{_FULL_WIDTH}]+")
_SENTENCE_END = re.compile(f"[.!?。！？][{_CLOSERS}]*$")
_CLAUSE_END = re.compile(f"[,;:，；：、…—–][{_CLOSERS}]*$")
_ABBREVIATION = re.compile(r"(?:^|\W)(?:[^\W\d_]|[^\W\d_](?:\.[^\W\d_])+|Mr|Mrs|Ms|Dr|St|Prof|Sr|Jr|vs|No)\.$")
_PARAGRAPH_END = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class _Atom:
    """What no cut divides, with the space behind it if there is one."""

    text: str
    end: _End


def chunks(text: str, limit: int, first: int | None = None) -> list[str]:
    """Cut a text into chunks of at most ``limit`` bytes, the first of at most ``first``.

    A chunk ends behind a paragraph, else a sentence, else a clause, else a word, else (Chinese, Japanese, Thai, a
    word that is itself too long) between characters; as near to an even share of what is left as that allows, and
    neither it nor what is left behind it is much shorter. Only a single character can make a chunk longer than the
    limit. White space becomes single spaces; what has nothing to say makes no chunk of its own.
    Raises ValueError for a limit below one, ExtraMissing.

    >>> chunks("Hi. This is a sentence, and it is long.", limit=30)
    ['Hi. This is a sentence,', 'and it is long.']
    """
    if limit < 1 or (first is not None and first < 1):
        raise ValueError(f"a chunk needs room for a byte: limit={limit}, first={first}")
    opening = limit if first is None else min(first, limit)
    atoms = list(_atoms(text, opening))
    begins = list(accumulate((size(atom.text) for atom in atoms), initial=0))
    # Where each atom ends, without the space behind it: a chunk is counted as it is spoken.
    ends = [begin + size(atom.text.rstrip()) for begin, atom in zip(begins, atoms, strict=False)]
    cut: list[str] = []
    start = 0
    while start < len(atoms):
        stop = _stop(atoms, begins, ends, start, limit if cut else opening)
        chunk = "".join(atom.text for atom in atoms[start:stop]).strip()
        if says(chunk):
            cut.append(chunk)
        start = stop
    return cut


def _stop(atoms: Sequence[_Atom], begins: Sequence[int], ends: Sequence[int], start: int, room: int) -> int:
    """Behind which atom the chunk that begins at ``start`` ends best, as an index into ``atoms``."""
    rest = ends[-1] - begins[start]
    if rest <= room:
        return len(atoms)
    share = rest / -(-rest // room)
    fitting = bisect_right(ends, begins[start] + room, start)
    if fitting == start:  # a single character larger than a chunk
        return start + 1
    # Both this chunk and what is left behind it have some length.
    shortest = bisect_left(ends, begins[start] + share / _LEAST_SHARE, start, fitting)
    leaving = [i for i in range(shortest, fitting) if ends[-1] - begins[i + 1] >= share / _LEAST_SHARE]
    for level in (_End.PARAGRAPH, _End.SENTENCE, _End.CLAUSE, _End.WORD):
        good = [i for i in leaving if atoms[i].end >= level]
        if good:
            return min(good, key=lambda i: abs(ends[i] - begins[start] - share)) + 1
    # A short chunk is better than half a word, and half a word better than a chunk that is too long.
    whole_words = [i for i in range(start, fitting) if atoms[i].end >= _End.WORD]
    return whole_words[-1] + 1 if whole_words else fitting


def _atoms(text: str, limit: int) -> Iterator[_Atom]:
    """The words of a text, and the parts of those that are long."""
    for paragraph in _PARAGRAPH_END.split(text):
        words = paragraph.split()
        for place, word in enumerate(words, 1):
            last = place == len(words)
            following = "" if last else words[place]
            end = _End.PARAGRAPH if last else _end(word, following)
            *parts, tail = _PARTS.findall(word)
            for part in parts:
                yield from _divided(part, limit, _end(part, ""))
            yield from _divided(f"{tail} ", limit, end)


def _end(word: str, following: str) -> _End:
    if _SENTENCE_END.search(word):
        goes_on = following[:1].islower() or _ABBREVIATION.search(word)
        return _End.WORD if goes_on else _End.SENTENCE
    if _CLAUSE_END.search(word):
        return _End.CLAUSE
    return _End.WORD


def _divided(part: str, limit: int, end: _End) -> Iterator[_Atom]:
    """A part whole where it is short, else the words in it that have no space between them, else its characters."""
    most = max(limit // _ATOMS_OF_LIMIT, 1)
    if size(part) <= most:
        yield _Atom(part, end)
        return
    pieces: list[_Atom] = []
    for segment in published_reader().segments(part):
        if pieces and not says(segment) and size(pieces[-1].text + segment) <= limit:  # no chunk begins with a mark
            pieces[-1] = _Atom(pieces[-1].text + segment, _End.WORD)
        elif size(segment) <= most:
            pieces.append(_Atom(segment, _End.WORD if not segment.isascii() else _End.CHARACTER))
        else:
            pieces += (_Atom(character, _End.CHARACTER) for character in _characters(segment))
    yield from pieces[:-1]
    yield _Atom(pieces[-1].text, end)


def _characters(segment: str) -> Iterator[str]:
    """Letters with the marks, joiners and variation selectors that belong to them, and the space at the end."""
    begin = 0
    for place in range(1, len(segment)):
        letter, before = segment[place], segment[place - 1]
        joined = unicodedata.category(letter) in ("Mn", "Mc", "Me", "Cf", "Zs") or before == "\u200d"
        if not joined:
            yield segment[begin:place]
            begin = place
    yield segment[begin:]
