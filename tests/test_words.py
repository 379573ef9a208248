"""Amounts in words."""

from __future__ import annotations

import pytest

from greenroom.words import counted, duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 s"),
        (1, "1 s"),
        (89, "89 s"),
        (90, "2 min"),
        (720, "12 min"),
        (5_399, "1 h 30 min"),
        (9_000, "2 h 30 min"),
    ],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(("count", "words"), [(0, "0 cues"), (1, "1 cue"), (2, "2 cues"), (1200, "1,200 cues")])
def test_counts_in_words(count: int, words: str) -> None:
    assert counted(count, "cue") == words
