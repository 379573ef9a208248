"""Which recognised word is which word of the text."""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from greenroom.captions.align.link import Span

# A recogniser's "kovalchik" for "Kowalczyk" stands in the right place; "the" for "elephant" there is chance.
_ALIKE = 0.5
_STEP, _MISSED, _ADDED = 0, 1, 2


def times_of(words: Sequence[str], heard: Sequence[tuple[str, Span]]) -> list[Span | None]:
    """Give each word of the text the time of the recognised word that it is, None where there is none.

    heard: recognised words and their times, in order.  The cheapest edits lead from one to the other; a replaced word
    counts as recognised if half of its letters agree. Time and memory (one byte each) grow with the product of the
    lengths: 1 s and 80 MB for an hour of speech.
    """
    pairs = _pairs([_plain(word) for word in words], [_plain(word) for word, _ in heard])
    spans: list[Span | None] = [None] * len(words)
    for place, other in pairs:
        spans[place] = heard[other][1]
    return spans


def _pairs(words: Sequence[str], heard: Sequence[str]) -> list[tuple[int, int]]:
    """Matched places (in the text, in what was heard), in order."""
    moves = _moves(words, heard)
    pairs: list[tuple[int, int]] = []
    row, column = len(words), len(heard)
    while row and column:
        move = moves[row, column]
        if move == _STEP:
            row, column = row - 1, column - 1
            if words[row] == heard[column] or _alike(words[row], heard[column]):
                pairs.append((row, column))
        elif move == _MISSED:
            row -= 1
        else:
            column -= 1
    return pairs[::-1]


def _moves(words: Sequence[str], heard: Sequence[str]) -> NDArray[np.uint8]:
    """The last edit of the cheapest way to each pair of places, shape (len(words) + 1, len(heard) + 1)."""
    import numpy as np

    numbers = {word: number for number, word in enumerate(dict.fromkeys((*words, *heard)))}
    other = np.array([numbers[word] for word in heard], np.int32)
    columns = np.arange(len(heard) + 1, dtype=np.int32)
    moves = np.full((len(words) + 1, len(heard) + 1), _ADDED, np.uint8)
    cost = columns.copy()
    for row, word in enumerate(words, 1):
        step = cost[:-1] + (other != numbers[word])
        missed = cost + 1
        best = missed.copy()
        best[1:] = np.minimum(step, missed[1:])
        # Words added at the end of a row: the least of what lies to the left, and one for each column between.
        new = np.minimum.accumulate(best - columns) + columns
        moves[row] = np.where(new == missed, _MISSED, _ADDED)
        moves[row, 1:][new[1:] == step] = _STEP
        cost = new
    return moves


def _alike(word: str, other: str) -> bool:
    return SequenceMatcher(None, word, other, autojunk=False).ratio() >= _ALIKE


def _plain(word: str) -> str:
    """Letters and digits only, lower case, without accents: what any two transcripts of a word agree on."""
    text = unicodedata.normalize("NFKD", word.lower())
    return re.sub(r"[\W_]", "", "".join(letter for letter in text if not unicodedata.combining(letter)))
