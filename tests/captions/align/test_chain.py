"""The first link that can, a reason for each before it, and never a failure."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.captions.align.chain import Written, align, as_written, default_aligners
from greenroom.captions.align.link import CannotAlign, Span
from greenroom.errors import Cancelled
from greenroom.media.audio import Audio
from tests.captions.align.conftest import silence

TEXT = (
    Written("It", ("it",)),
    Written("cost", ("cost",)),
    Written("$3.50", ("three", "dollars", "and", "fifty", "cents")),
    Written("—", ()),
    Written("really.", ("really",)),
)
SPOKEN = [word for pair in TEXT for word in pair.spoken]
EVEN = [Span(0.2 * at, 0.2 * at + 0.2) for at in range(len(SPOKEN))]


class Link:
    """Gives the spans it was made with, or raises the error."""

    def __init__(self, answer: Sequence[Span | None] | Exception, name: str = "link") -> None:
        self.answer, self.name = answer, name
        self.asked: list[tuple[str, ...]] = []

    def align(self, audio: Audio, words: Sequence[str], language: str, step: object) -> Sequence[Span | None]:
        self.asked.append(tuple(words))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_own_times_come_first_and_are_folded_onto_the_written_words() -> None:
    link = Link(EVEN)
    found = align(silence(2), TEXT, own=EVEN, aligners=[link])
    assert (found.source, found.passed_over, link.asked) == ("synthesiser", (), [])
    assert [(word.text, word.start, word.end) for word in found.words] == [
        ("It", 0.0, 0.2),
        ("cost", 0.2, 0.4),
        ("$3.50", 0.4, pytest.approx(1.4)),
        ("—", None, None),
        ("really.", pytest.approx(1.4), pytest.approx(1.6)),
    ]


def test_each_link_that_was_passed_over_says_why() -> None:
    first = Link(CannotAlign("not installed", mend="pip install it"), "first")
    second = Link(RuntimeError("a bug"), "second")
    third = Link(EVEN, "third")
    found = align(silence(2), TEXT, aligners=[first, second, third])
    assert found.source == "third"
    assert [passed.name for passed in found.passed_over] == ["synthesiser", "first", "second"]
    assert found.passed_over[1].reason == "not installed"
    assert found.passed_over[1].mend == "pip install it"
    assert "RuntimeError: a bug" in found.passed_over[2].reason
    assert third.asked == [tuple(SPOKEN)]


@pytest.mark.parametrize(
    "nonsense",
    [
        EVEN[:-1],
        [None] * len(EVEN),
        [Span(math.nan, 1.0), *EVEN[1:]],
        [Span(0.2, 0.1), *EVEN[1:]],
        [Span(-1.0, 0.1), *EVEN[1:]],
        [*EVEN[:-1], Span(1.4, 9.0)],
        EVEN[::-1],
    ],
)
def test_nonsense_is_passed_over_and_the_last_resort_is_marked(nonsense: list[Span | None]) -> None:
    found = align(silence(2), TEXT, aligners=[Link(nonsense)])
    assert found.source == "estimate"
    assert found.passed_over[1].reason.startswith("it ")
    assert all(word.estimated for word in found.words if word.start is not None)


def test_words_that_a_link_did_not_hear_have_no_times() -> None:
    heard: list[Span | None] = [*EVEN[:2], *[None] * 5, EVEN[7]]
    found = align(silence(2), TEXT, aligners=[Link(heard)])
    assert [word.start is None for word in found.words] == [False, False, True, True, False]
    assert not any(word.estimated for word in found.words)


def test_a_wish_to_stop_is_not_passed_over() -> None:
    with pytest.raises(Cancelled):
        align(silence(2), TEXT, aligners=[Link(Cancelled())])


def test_a_text_without_speech_has_no_times_and_asks_nobody() -> None:
    link = Link(EVEN)
    found = align(silence(2), as_written("— ... !"), aligners=[link])
    assert (found.source, link.asked) == ("nothing", [])
    assert [word.start for word in found.words] == [None, None, None]


def test_the_usual_links_without_settings_send_nothing_anywhere() -> None:
    sound_swallower, whisperx, google = default_aligners()
    assert [link.name for link in (sound_swallower, whisperx, google)] == ["soundswallower", "whisperx", "google"]
    for link in (whisperx, google):
        with pytest.raises(CannotAlign, match="set"):
            link.align(silence(1), ["hello"], "en-us", lambda *_: None)


@given(
    st.lists(st.tuples(st.text(min_size=1), st.lists(st.sampled_from(["a", "bc", "—"]), max_size=3)), max_size=8),
    st.lists(st.none() | st.tuples(st.floats(), st.floats()), max_size=20),
)
def test_it_never_fails_and_keeps_every_written_word(
    pairs: list[tuple[str, list[str]]], answer: list[tuple[float, float] | None]
) -> None:
    text = [Written(written, tuple(spoken)) for written, spoken in pairs]
    spans = [pair and Span(*pair) for pair in answer]
    found = align(silence(0.5), text, aligners=[Link(spans)])
    assert [word.text for word in found.words] == [pair.written for pair in text]
    for word in found.words:
        assert word.start is None or (word.end is not None and 0 <= word.start <= word.end <= 0.5 + 1e-9)
