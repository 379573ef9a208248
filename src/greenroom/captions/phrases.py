"""Groups of words that stay on one line: an article and its noun, a letter and the full stop behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.captions.breaks import FORBIDDEN, GLUED
from greenroom.captions.clock import milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.captions.options import CaptionInputs
    from greenroom.captions.track import Track

Span = tuple[int, int]  # the first and the last word of a group


def group_words(track: Track, costs: list[int], options: CaptionInputs) -> list[Span]:
    """Cut the words into phrases; lines and cues are made of whole phrases.

    A phrase that no line or cue can hold is cut where grammar would rather not, then where typography would rather not.
    What is left too wide is one word, with the punctuation that belongs to it.
    """
    limits = options.max_chars, milliseconds(options.max_s)
    everything = (0, len(track.texts) - 1)
    phrases: list[Span] = []
    for phrase in _cut(track, costs, everything, GLUED):
        if _fits(track, phrase, limits):
            phrases.append(phrase)
            continue
        for part in _cut(track, costs, phrase, FORBIDDEN):
            phrases.extend([part] if _fits(track, part, limits) else _cut_by_width(track, part, limits))
    return phrases


def _fits(track: Track, span: Span, limits: tuple[int, int]) -> bool:
    return track.width(*span) <= limits[0] and track.duration(*span) <= limits[1]


def _cut(track: Track, costs: list[int], span: Span, limit: int) -> Iterator[Span]:
    """Parts of a span, cut at every break that costs less than ``limit`` and at every place where a cue must end."""
    first, last = span
    for at in range(first, last + 1):
        if at == last or track.closed[at] or costs[at] < limit:
            yield first, at
            first = at + 1


def _cut_by_width(track: Track, span: Span, limits: tuple[int, int]) -> Iterator[Span]:
    """Parts of a span that fit; a word that fits nowhere keeps the marks that may not leave it."""
    first, last = span
    for at in range(first, last + 1):
        too_long = at < last and not _fits(track, (first, at + 1), limits)
        if at == last or (too_long and _fits(track, (first, at), limits) and _fits(track, (at + 1, at + 1), limits)):
            yield first, at
            first = at + 1
