"""Times for words that nobody could place: between their neighbours, at the pace of speech.

Aligners give no times to what is not in their dictionary, most often numbers: "$43,000", "2014." (WhisperX issues
419, 559, 911).
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from greenroom.captions.breaks import ends_sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.captions.words import Word

# 150 words a minute of six letters each, the space included.
LETTER_S = 1 / 15

# A digit is read as a word ("4" is four letters), a syllabic or Han letter is a syllable.
DIGIT_LETTERS = 4
WIDE_LETTERS = 3
WIDE_FROM = "\u2e80"

# Up to this stretch a word between two placed ones fills the room; beyond it there is silence as well.
FILLS_UP_TO = 3.0


def place_words(words: Sequence[Word], audio_end: float | None = None) -> list[Word]:
    """Give times to words that lack one or both, and mark those ``estimated``.

    words: cleaned and in the order of speech (``checked_words``).  audio_end: seconds; no estimate goes past it.
    """
    placed = list(words)
    unplaced = [at for at, word in enumerate(placed) if word.start is None or word.end is None]
    if not unplaced:
        return placed
    _complete(placed, unplaced, math.inf if audio_end is None else audio_end)
    for first, last in _runs([at for at in unplaced if placed[at].start is None]):
        _fill(placed, first, last, audio_end)
    return placed


def spoken_s(text: str) -> float:
    """About how long it takes to say ``text``, in seconds."""
    return LETTER_S * max(2, sum(_letters_said(letter) for letter in text))


def _letters_said(letter: str) -> int:
    if letter.isdigit():
        return DIGIT_LETTERS
    if not letter.isalnum():
        return 0
    return WIDE_LETTERS if letter >= WIDE_FROM else 1


def _complete(words: list[Word], unplaced: list[int], end_of_sound: float) -> None:
    """Where one of the two times is known, the other follows from it and from the neighbour."""
    following = _known_after(words, unplaced)
    for at in unplaced:
        word = words[at]
        if word.start is not None:
            end = min(word.start + spoken_s(word.text), max(word.start, min(following[at], end_of_sound)))
            words[at] = dataclasses.replace(word, end=end, estimated=True)
        elif word.end is not None:
            start = max(word.end - spoken_s(word.text), min(word.end, _known_before(words, at)))
            words[at] = dataclasses.replace(word, start=start, estimated=True)


def _known_after(words: list[Word], unplaced: list[int]) -> dict[int, float]:
    """For each unplaced word the first time known after it; infinity where there is none."""
    found: dict[int, float] = {}
    for at in reversed(unplaced):
        if at + 1 == len(words):
            found[at] = math.inf
            continue
        after = words[at + 1]
        known = after.start if after.start is not None else after.end
        found[at] = found[at + 1] if known is None else known
    return found


def _known_before(words: list[Word], at: int) -> float:
    """The last time known before a word; 0 at the beginning. Words before it that have one time have both by now."""
    while at and words[at - 1].end is None:
        at -= 1
    return (words[at - 1].end or 0.0) if at else 0.0


def _runs(places: list[int]) -> list[tuple[int, int]]:
    """Neighbouring places as (first, last)."""
    runs: list[tuple[int, int]] = []
    for at in places:
        if runs and runs[-1][1] == at - 1:
            runs[-1] = (runs[-1][0], at)
        else:
            runs.append((at, at))
    return runs


def _fill(words: list[Word], first: int, last: int, audio_end: float | None) -> None:
    """Place words first to last, of which none has a time, between the words around them."""
    lengths = [spoken_s(word.text) for word in words[first : last + 1]]
    begin, end = _span(words, first, last, sum(lengths), audio_end)
    scale = (end - begin) / sum(lengths)
    for at, length in zip(range(first, last + 1), lengths, strict=True):
        until = end if at == last else min(end, begin + length * scale)
        words[at] = dataclasses.replace(words[at], start=begin, end=until, estimated=True)
        begin = until


def _span(words: list[Word], first: int, last: int, needed: float, audio_end: float | None) -> tuple[float, float]:
    """Where words first to last are said, if ``needed`` seconds are what they take."""
    before = (words[first - 1].end or 0.0) if first else None
    after = words[last + 1].start if last + 1 < len(words) else None
    if before is not None and after is not None:
        return _between(words, first, last, needed, (min(before, after), after))
    if after is not None:
        return max(0.0, after - needed), after
    end_of_sound = math.inf if audio_end is None else audio_end
    if before is None and end_of_sound <= FILLS_UP_TO * needed:
        return 0.0, end_of_sound  # nothing is known but the sound, and that it says these words
    begin = min(before or 0.0, end_of_sound)
    return begin, min(begin + needed, end_of_sound)


def _between(words: list[Word], first: int, last: int, needed: float, room: tuple[float, float]) -> tuple[float, float]:
    """All the room between two placed words, unless that is too much: then there is silence on one side."""
    begin, end = room
    if end - begin <= FILLS_UP_TO * needed:
        return room
    # Silence follows a sentence, and does not part what belongs to one.
    begins_sentence = ends_sentence(words[first - 1].text) and not ends_sentence(words[last].text)
    return (end - needed, end) if begins_sentence else (begin, begin + needed)
