"""A long text is cut into chunks that a model says in one go.

A voice stays steadiest over chunks of like length that end where a speaker would stop. So a chunk ends at a paragraph's
end, else at a sentence's, else at a clause's, else behind a word, as near to an even share of the paragraph as it can.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from greenroom.text.tokens import Break

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from greenroom.text.tokens import Token

LIMIT = 300
"""Spoken characters of a chunk, about 20 seconds of English."""

FIRST = 120
"""Spoken characters of the first chunk, about 8 seconds: while they are heard, the next are made."""

_SHORT = 40
"""Spoken characters under which a paragraph (a heading, a list item) shares a chunk with the next one."""

_LEAST_SHARE = 3
"""A stop is passed over when the chunk would be shorter than its even share divided by this."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """What no cut divides: a word that is said and the silent ones that belong to it. size: spoken characters."""

    tokens: tuple[Token, ...]
    size: int
    end: Break


def chunks(tokens: Sequence[Token], *, limit: int = LIMIT, first: int = FIRST) -> tuple[tuple[Token, ...], ...]:
    """Cut tokens into chunks of at most ``limit`` spoken characters, the first of at most ``first``.

    Only a single word longer than that makes a longer chunk. Put together, the chunks are the tokens, and each has
    something to say; where no token has, there is no chunk. Time is linear in the number of tokens.
    Raises ValueError for a limit below one.

    >>> [writing(chunk) for chunk in chunks(normalise("Dr. Smith left. He was late."), limit=20)]
    ['Dr. Smith left.', 'He was late.']
    """
    if limit < 1 or first < 1:
        raise ValueError(f"a chunk needs room for a character: limit={limit}, first={first}")
    cut: list[tuple[Token, ...]] = []
    for stretch in _stretches(_units(tokens), limit):
        sums = list(accumulate((unit.size for unit in stretch), initial=0))
        start = 0
        while start < len(stretch):
            end = _end(stretch, sums, start, room=limit if cut else min(first, limit))
            cut.append(tuple(token for unit in stretch[start:end] for token in unit.tokens))
            start = end
    return tuple(cut)


def _end(units: Sequence[_Unit], sums: Sequence[int], start: int, *, room: int) -> int:
    """Where the chunk that begins at ``start`` ends best."""
    room += 1  # each word is counted with the space behind it, and behind the last there is none
    rest = sums[-1] - sums[start]
    if rest <= room:
        return len(units)
    share = rest / -(-rest // room)
    fitting = bisect_right(sums, sums[start] + room, start + 1) - 1
    window = range(start + 1, max(fitting, start + 1) + 1)
    for level in (Break.SENTENCE, Break.CLAUSE, Break.WORD):
        ends = [
            end for end in window if units[end - 1].end >= level and sums[end] - sums[start] >= share / _LEAST_SHARE
        ]
        if ends:
            return min(ends, key=lambda end: abs(sums[end] - sums[start] - share))
    return window[-1]


def _stretches(units: Sequence[_Unit], limit: int) -> Iterator[Sequence[_Unit]]:
    """Paragraphs, a short one together with the next, a short last one with the one before where both fit."""
    stretch: list[_Unit] = []
    before: list[_Unit] = []
    for unit in units:
        stretch.append(unit)
        if unit.end == Break.PARAGRAPH and _size(stretch) >= _SHORT:
            if before:
                yield before
            before, stretch = stretch, []
    if stretch and _size(before) + _size(stretch) <= limit:
        before, stretch = before + stretch, []
    yield from filter(None, (before, stretch))


def _size(units: Sequence[_Unit]) -> int:
    return sum(unit.size for unit in units)


def _units(tokens: Sequence[Token]) -> list[_Unit]:
    """Silent words belong to the word before them, those that open a paragraph to its first word."""
    groups: list[list[Token]] = []
    waiting: list[Token] = []
    for token in tokens:
        fresh = not groups or groups[-1][-1].ends_paragraph
        if token.spoken:
            groups.append([*waiting, token])
            waiting = []
        elif fresh and not (token.ends_paragraph and groups):
            waiting.append(token)
        else:
            groups[-1] += (*waiting, token)
            waiting = []
    return [_unit(tuple(group)) for group in groups]


def _unit(tokens: tuple[Token, ...]) -> _Unit:
    size = sum(len(word) + 1 for token in tokens for word in token.spoken)
    size += tokens[-1].ends_paragraph  # the full stop that a voice is given there
    return _Unit(tokens, size, max(token.end for token in tokens[-2:]) if tokens[-1].silent else tokens[-1].end)
