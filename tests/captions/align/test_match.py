"""Which recognised word is which."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from greenroom.captions.align.link import Span
from greenroom.captions.align.match import times_of


def heard(text: str) -> list[tuple[str, Span]]:
    return [(word, Span(float(at), at + 0.5)) for at, word in enumerate(text.split())]


def starts(text: str, recognised: str) -> list[float | None]:
    return [span.start if span else None for span in times_of(text.split(), heard(recognised))]


def test_case_accents_and_punctuation_do_not_part_words() -> None:
    assert starts("Hello, Café there!", "hello cafe there") == [0, 1, 2]


def test_words_left_out_added_or_misheard() -> None:
    assert starts("one two three", "one three") == [0, None, 1]
    assert starts("one three", "one two three") == [0, 2]
    assert starts("call Kowalczyk now", "call kovalchik now") == [0, 1, 2]
    assert starts("an elephant slept", "an the slept") == [0, None, 2]
    assert starts("", "one") == []
    assert starts("one", "") == [None]


WORDS = st.lists(st.sampled_from(["one", "two", "three", "four"]), max_size=12)


@given(WORDS, WORDS)
def test_times_rise_and_a_text_that_was_heard_whole_is_placed_whole(words: list[str], other: list[str]) -> None:
    placed = [start for start in starts(" ".join(words), " ".join(other)) if start is not None]
    assert placed == sorted(set(placed))
    assert starts(" ".join(words), " ".join(words)) == list(range(len(words)))
