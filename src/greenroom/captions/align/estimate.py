"""The last link: times from letters and silences alone."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from greenroom.captions.align.levels import levels, speech
from greenroom.captions.align.link import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.media.audio import Audio

# A digit is read as a word of about four letters.
_LETTERS_OF_A_DIGIT = 4


def estimate(audio: Audio, words: Sequence[str]) -> list[Span | None]:
    """Each word's share of the speech, by its letters, no word across a silence.

    Linear in sound and text, and the same every time. In sound without any speech the words share all of it; sound of
    no length gives no times.
    """
    if not audio.seconds:
        return [None] * len(words)
    stretches = speech(levels(audio.mono, audio.rate)) or [Span(0.0, audio.seconds)]
    spans: list[Span | None] = []
    for stretch, share in zip(stretches, _shares(stretches, words), strict=True):
        spans += _spread(stretch, share)
    return spans


def _shares(stretches: Sequence[Span], words: Sequence[str]) -> list[list[str]]:
    """The words said in each stretch: those whose middle falls into it when all are laid over the speech end to end."""
    spoken = sum(stretch.end - stretch.start for stretch in stretches)
    ends = list(accumulate(stretch.end - stretch.start for stretch in stretches))
    letters = [_letters(word) for word in words]
    scale = spoken / max(1, sum(letters))
    shares: list[list[str]] = [[] for _ in stretches]
    place, done = 0, 0
    for word, size in zip(words, letters, strict=True):
        middle = (done + size / 2) * scale
        done += size
        while place < len(ends) - 1 and middle > ends[place]:
            place += 1
        shares[place].append(word)
    return shares


def _spread(stretch: Span, words: Sequence[str]) -> list[Span]:
    """The words one after another, filling the stretch."""
    letters = [_letters(word) for word in words]
    scale = (stretch.end - stretch.start) / max(1, sum(letters))
    edges = [stretch.start + done * scale for done in accumulate(letters, initial=0)]
    return [Span(start, end) for start, end in pairwise(edges)]


def _letters(word: str) -> int:
    return max(1, sum(_LETTERS_OF_A_DIGIT if letter.isdigit() else letter.isalpha() for letter in word))
