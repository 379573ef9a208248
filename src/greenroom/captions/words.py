"""A word and when it is said."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """One written word.

    start and end: seconds from the beginning of the sound, None when nobody could place the word.
    who: the voice that says it.  estimated: the times are a guess between neighbours, not a measurement.
    """

    text: str
    start: float | None = None
    end: float | None = None
    who: str | None = None
    estimated: bool = False
