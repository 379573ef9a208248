"""Was it said as it was written?"""

from __future__ import annotations

from collections.abc import Callable

from greenroom.captions.align.check import check, compare
from greenroom.captions.align.link import CannotAlign, NotWhatIsSaid, Span
from greenroom.media.audio import Audio
from tests.captions.align.conftest import Said, silence

Say = Callable[[str], Said]
WORDS = ("one", "two", "three")
SPANS = (Span(0.0, 0.5), Span(0.5, 1.0), Span(1.0, 1.5))


class Refuses:
    """A link that gives the same reason every time."""

    name = "refuses"

    def __init__(self, error: CannotAlign) -> None:
        self.error = error

    def align(self, audio: Audio, words: object, language: str, step: object) -> list[Span | None]:
        raise self.error


def moved(by: float) -> tuple[Span, ...]:
    return tuple(Span(span.start + by, span.end + by) for span in SPANS)


def test_right_speech_agrees(said: Say) -> None:
    speech = said("The lamp in the hall is broken and nobody has called the electrician.")
    found = check(speech.audio, speech.words, speech.spans)
    assert found.agrees is True
    assert found.words == len(speech.words)
    assert found.median_s is not None
    assert found.median_s < 0.03


def test_other_words_disagree(said: Say) -> None:
    speech, other = said("It rained all night, but the tent stayed dry."), said("Turn left after the church.")
    assert check(speech.audio, other.words, other.spans).agrees is False


def test_small_differences_agree_large_ones_do_not() -> None:
    assert compare(WORDS, SPANS, moved(0.05)).agrees is True
    shifted = compare(WORDS, SPANS, moved(0.07))
    assert (shifted.agrees, round(shifted.median_s or 0, 3)) == (False, 0.07)
    assert "70 ms apart (median)" in shifted.reason
    one_away = compare(WORDS, SPANS, (*SPANS[:2], Span(1.3, 1.8)))
    assert one_away.agrees is False
    assert "'three' is 300 ms apart" in one_away.reason


def test_a_word_that_was_not_heard_disagrees_by_name() -> None:
    found = compare(WORDS, SPANS, (SPANS[0], None, SPANS[2]))
    assert found.agrees is False
    assert "'two'" in found.reason


def test_who_cannot_listen_has_no_opinion_who_heard_something_else_has() -> None:
    deaf = check(silence(1), WORDS, SPANS, aligner=Refuses(CannotAlign("not installed")))
    assert (deaf.agrees, deaf.reason) == (None, "not checked: not installed")
    other = check(silence(1), WORDS, SPANS, aligner=Refuses(NotWhatIsSaid("heard something else")))
    assert (other.agrees, other.reason) == (False, "heard something else")


def test_nothing_to_say_has_nothing_to_check() -> None:
    assert check(silence(1), (), ()).agrees is None
