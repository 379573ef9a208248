"""The words of a transcript as columns of whole milliseconds and letters, for the code that cuts them into cues."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from greenroom.captions.clock import milliseconds
from greenroom.captions.measure import measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.captions.options import CaptionInputs
    from greenroom.captions.words import Word


@dataclass(frozen=True, slots=True)
class Track:
    """One entry a word, in the order of speech.

    texts, voices.  begins, ends: milliseconds; in one voice begins never fall, and no word overlaps the next.
    edges: letters before each word and at the end, the joins included.  join: letters between two words.
    closed: a cue must end behind this word (a pause, another voice, the end).  sound_end: milliseconds, or None.
    """

    texts: list[str]
    voices: list[str | None]
    begins: list[int]
    ends: list[int]
    edges: list[int]
    join: int
    closed: list[bool]
    sound_end: int | None

    @classmethod
    def of(cls, words: Sequence[Word], options: CaptionInputs, audio_end: float | None = None) -> Track:
        """Columns of cleaned and placed words."""
        width = measure(options.count)
        join = width(options.join)
        texts = [word.text for word in words]
        voices = [word.who for word in words]
        sound_end = None if audio_end is None else milliseconds(audio_end)
        begins, ends = _times(words, voices, sound_end)
        edges = [0, *accumulate(width(text) + join for text in texts)]
        closed = _closed(begins, ends, voices, milliseconds(options.break_pause_s))
        return cls(texts, voices, begins, ends, edges, join, closed, sound_end)

    def width(self, first: int, last: int) -> int:
        """Letters of words first to last on one line."""
        return self.edges[last + 1] - self.edges[first] - self.join

    def duration(self, first: int, last: int) -> int:
        """Milliseconds from the begin of word first to the end of word last."""
        return self.ends[last] - self.begins[first]


def _times(words: Sequence[Word], voices: list[str | None], sound_end: int | None) -> tuple[list[int], list[int]]:
    """Begins and ends, with what an aligner gets slightly wrong put right within one voice."""
    begins = [milliseconds(word.start) for word in words]
    ends = [milliseconds(word.end) for word in words]
    if sound_end is not None:
        begins = [min(begin, sound_end) for begin in begins]
        ends = [min(end, sound_end) for end in ends]
    for at in range(1, len(words)):
        if voices[at] == voices[at - 1]:
            begins[at] = max(begins[at], begins[at - 1])
            ends[at - 1] = min(ends[at - 1], begins[at])
    return begins, [max(begin, end) for begin, end in zip(begins, ends, strict=True)]


def _closed(begins: list[int], ends: list[int], voices: list[str | None], pause: int) -> list[bool]:
    closed = [
        voice != next_voice or begin - end >= pause
        for begin, end, voice, next_voice in zip(begins[1:], ends, voices, voices[1:], strict=False)
    ]
    return [*closed, True] if begins else []
