"""The offline aligner on real speech: right text, wrong text, more or less text, noise, silence, length."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from greenroom.captions.align.link import CannotAlign, NotWhatIsSaid, Span
from greenroom.captions.align.soundswallower import SoundSwallower
from greenroom.errors import Cancelled
from greenroom.media.audio import Audio
from greenroom.progress import silent
from tests.captions.align.conftest import Said, at_rate, joined, noisy, silence

SENTENCE = "The lamp in the hall is broken and nobody has called the electrician."
OTHER = "We walked along the river until the last light had gone."
Say = Callable[[str], Said]


def align(audio: Audio, words: tuple[str, ...], language: str = "en-us") -> list[Span | None]:
    return SoundSwallower().align(audio, words, language, silent)


def apart(found: list[Span | None], told: tuple[Span, ...]) -> list[float]:
    """Seconds between the starts and ends of words that both placed."""
    pairs = [(one, other) for one, other in zip(found, told, strict=True) if one]
    return [abs(a - b) for one, other in pairs for a, b in ((one.start, other.start), (one.end, other.end))]


def test_every_word_is_found_where_the_voice_said_it(said: Say) -> None:
    speech = said(SENTENCE)
    found = align(speech.audio, speech.words)
    assert None not in found
    assert np.median(apart(found, speech.spans)) < 0.03
    assert max(apart(found, speech.spans)) < 0.2


def test_names_that_no_dictionary_has_are_found(said: Say) -> None:
    speech = said("Greenroom runs HunyuanVideo with PyTorch and ffmpeg for Kowalczyk.")
    found = align(speech.audio, speech.words)
    assert None not in found
    assert np.median(apart(found, speech.spans)) < 0.05


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_rate_and_channels_do_not_matter(said: Say, rate: int) -> None:
    speech = said(SENTENCE)
    other = at_rate(speech.audio, rate)
    found = align(Audio(np.repeat(other.samples, 2, axis=0), rate), speech.words)
    assert np.median(apart(found, speech.spans)) < 0.04


def test_noise_moves_it_a_little(said: Say) -> None:
    speech = said(SENTENCE)
    found = align(noisy(speech.audio, 15), speech.words)
    assert np.median(apart(found, speech.spans)) < 0.05


def test_another_text_is_refused_with_the_word_that_was_not_heard(said: Say) -> None:
    with pytest.raises(NotWhatIsSaid, match="the text is not what is said"):
        align(said(OTHER).audio, said(SENTENCE).words)


def test_a_word_too_many_is_left_out_and_the_others_keep_their_places(said: Say) -> None:
    speech = said(SENTENCE)
    words = (*speech.words[:5], "elephant", *speech.words[5:])
    found = align(speech.audio, words)
    assert found[5] is None
    assert np.median(apart([*found[:5], *found[6:]], speech.spans)) < 0.03


def test_silence_around_and_between_is_skipped(said: Say) -> None:
    first, second = said(SENTENCE), said(OTHER)
    audio = joined(silence(3), first.audio, silence(12), second.audio, silence(3))
    found = align(audio, first.words + second.words)
    assert None not in found
    later = [Span(span.start + 3, span.end + 3) for span in first.spans]
    shift = 3 + first.audio.seconds + 12
    later += [Span(span.start + shift, span.end + shift) for span in second.spans]
    assert np.median(apart(found, tuple(later))) < 0.04


def test_speech_that_the_text_leaves_out_is_passed_over(said: Say) -> None:
    """The middle one of three sentences is not in the text."""
    parts = [said(SENTENCE), said("Nobody expected the bridge to hold under such a heavy load."), said(OTHER)]
    found = align(joined(*(part.audio for part in parts)), parts[0].words + parts[2].words)
    last = parts[0].audio.seconds + parts[1].audio.seconds
    placed = [span for span in found[len(parts[0].words) :] if span]
    assert len(placed) >= 8
    assert all(span.start > last - 0.3 for span in placed)


@pytest.mark.parametrize("seconds", [0.0, 0.05, 2.0])
def test_silence_holds_no_words(seconds: float) -> None:
    with pytest.raises(CannotAlign):
        align(silence(seconds), ("hello", "there"))


def test_a_minute_is_followed_to_its_end(said: Say) -> None:
    texts = [SENTENCE, OTHER, "Can you hear the music coming from the open window?", "It rained all night."]
    parts = [said(text) for text in texts * 5]
    found = align(joined(*(part.audio for part in parts)), tuple(word for part in parts for word in part.words))
    assert sum(span is None for span in found) <= 2
    told, position = [], 0.0
    for part in parts:
        told += [Span(span.start + position, span.end + position) for span in part.spans]
        position += part.audio.seconds
    assert position > 50
    assert np.percentile(apart(found, tuple(told)), 95) < 0.1


def test_a_language_without_a_model_is_a_reason() -> None:
    with pytest.raises(CannotAlign, match="no model for 'xx'"):
        align(silence(1), ("hello",), "xx")


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greenroom.captions.align.soundswallower._MODELS", {})
    monkeypatch.setitem(__import__("sys").modules, "soundswallower", None)
    with pytest.raises(CannotAlign, match="not installed") as caught:
        align(silence(1), ("hello",))
    assert caught.value.mend == 'pip install "greenroom[captions]"'


def test_a_step_may_stop_it(said: Say) -> None:
    def stop(stage: str, done: float, total: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        SoundSwallower().align(said(SENTENCE).audio, said(SENTENCE).words, "en-us", stop)
