"""The last resort: by letters, between silences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from greenroom.captions.align.estimate import estimate
from greenroom.captions.align.levels import levels, speech
from tests.captions.align.conftest import Said, joined, silence

Say = Callable[[str], Said]


def test_words_share_the_speech_and_none_lies_in_the_silence(said: Say) -> None:
    one, other = said("It rained all night, but the tent stayed dry."), said("Turn left after the church.")
    audio = joined(silence(1), one.audio, silence(2), other.audio, silence(1))
    found = [span for span in estimate(audio, one.words + other.words) if span]
    assert len(found) == len(one.words + other.words)
    edges = [edge for span in found for edge in (span.start, span.end)]
    assert edges == sorted(edges)
    quiet = (1 + one.audio.seconds + 0.1, 3 + one.audio.seconds - 0.1)
    assert not any(span.start < quiet[1] and span.end > quiet[0] for span in found)
    told = [span.start + 1 for span in one.spans]
    assert np.median([abs(span.start - start) for span, start in zip(found, told, strict=False)]) < 0.3


def test_silence_is_shared_evenly_and_nothing_gives_nothing() -> None:
    found = estimate(silence(3), ("abc", "abc", "abc"))
    assert [round(span.start, 2) for span in found if span] == [0.0, 1.0, 2.0]
    assert estimate(silence(0), ("abc",)) == [None]
    assert estimate(silence(1), ()) == []


def test_speech_is_found_between_silences(said: Say) -> None:
    audio = joined(silence(1), said("Turn left after the church.").audio, silence(1))
    stretches = speech(levels(audio.mono, audio.rate))
    assert 0.8 < stretches[0].start < 1.3
    assert audio.seconds - 1.4 < stretches[-1].end < audio.seconds - 0.7
    assert speech(levels(silence(1).mono, 22_050)) == []
