"""References: what is taken, what is refused by name, and what is said about the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from greenroom.captions.align.link import CannotAlign, Span
from greenroom.errors import GreenroomError
from greenroom.media.audio import Audio
from greenroom.models.f5tts.recording import take_recording
from greenroom.progress import Step
from tests.models.f5tts.recordings import TEXT, noise, spoken

Spoil = Callable[[NDArray[np.float32]], NDArray[np.float32]]
# 12 sentences of the embedded voice make more than 30 s.
LONG = " ".join(f"This is sentence number {number}, and it is about the weather." for number in range(12))


def refused(recording: Audio, text: str = TEXT) -> GreenroomError:
    with pytest.raises(GreenroomError) as caught:
        take_recording(recording, text)
    assert caught.value.mend
    return caught.value


def test_a_good_reference_is_taken_without_a_word() -> None:
    taken = take_recording(spoken(), TEXT)
    assert taken.warnings == ()
    assert (taken.language, taken.transcript) == ("en", TEXT)
    assert 3 < taken.seconds < 5
    assert np.sqrt(np.mean(np.square(taken.samples))) == pytest.approx(0.1, abs=0.02)


def test_numbers_and_abbreviations_of_its_text_are_heard_as_spoken() -> None:
    text = "Dr. Smith paid $3.50 for it on the 3rd of May."
    assert take_recording(spoken(text), text).warnings == ()


def test_a_stereo_reference_is_averaged() -> None:
    sound = spoken()
    both = Audio(np.stack([sound.samples[0], sound.samples[0] * 0.5]), sound.rate)
    taken, single = take_recording(both, TEXT), take_recording(sound, TEXT)
    assert len(taken.samples) == pytest.approx(len(single.samples), abs=sound.rate * 0.2)
    assert taken.warnings == ()


def test_a_telephone_s_rate_is_taken_with_a_warning() -> None:
    sound = spoken()
    places = np.arange(0, sound.samples.shape[1] - 1, sound.rate / 8000)
    slow = np.interp(places, np.arange(sound.samples.shape[1]), sound.samples[0]).astype(np.float32)
    taken = take_recording(Audio(slow[None], 8000), TEXT)
    assert "8,000 samples a second" in taken.warnings[0]
    assert taken.rate == 11_025  # the published clipping raises it; the model's own rate comes later


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda samples: samples[:, :8000], "reference-too-short"),
        (np.zeros_like, "reference-silent"),
        (lambda samples: np.clip(samples * 100, -1, 1), "reference-clipped"),
        (lambda samples: np.full_like(samples, np.nan), "reference-not-finite"),
    ],
    ids=["short", "silent", "clipped", "not finite"],
)
def test_what_gives_no_voice_is_refused_by_name(spoil: Spoil, code: str) -> None:
    sound = spoken()
    assert refused(Audio(spoil(sound.samples), sound.rate)).code == code


def test_another_text_is_refused_and_the_words_are_named() -> None:
    error = refused(spoken(), "Yesterday my uncle bought seven green bicycles, which were quite expensive indeed.")
    assert error.code == "reference-text-mismatch"
    assert "'Yesterday' was not" in error.message
    error = refused(spoken(), TEXT.replace("in the hall is", "over my purple kitchen cupboard is"))
    assert error.code == "reference-text-mismatch"
    assert "'kitchen'" in error.message
    assert "check_reference" in error.mend


def test_another_text_is_taken_when_nobody_is_to_listen() -> None:
    assert take_recording(spoken(), "Quite another text.", check=False).transcript == "Quite another text."


def test_words_that_the_text_leaves_out_are_a_warning() -> None:
    taken = take_recording(spoken(), "The lamp in the hall is broken.")
    assert any("sound at the end of the reference are not in its text" in warning for warning in taken.warnings)


def test_a_text_without_words_is_refused() -> None:
    assert refused(spoken(), "... 🎉").code == "nothing-to-say"


def test_a_long_reference_is_cut_together_with_its_words() -> None:
    sound = spoken(LONG)
    assert sound.seconds > 30
    taken = take_recording(sound, LONG)
    assert 5 < taken.seconds < 12.2
    assert LONG.startswith(taken.transcript)
    assert 40 < len(taken.transcript) < len(LONG) / 2
    assert any(f"lasts {sound.seconds:.1f} s" in warning for warning in taken.warnings)
    # What is left is a reference like any other: its words are heard, and no more are.
    again = take_recording(Audio(taken.samples[None], taken.rate), taken.transcript)
    assert again.warnings == ()


def test_the_words_that_a_cut_reference_ends_with_are_shown_whole() -> None:
    (said,) = (note for note in take_recording(spoken(LONG), LONG).warnings if "up to the words" in note)
    shown = said.rpartition(" words ")[2].strip("'")
    assert set(shown.split()) <= set(LONG.split())


def test_a_long_reference_with_the_words_of_a_small_part_is_refused() -> None:
    sentence, _, _ = LONG.partition(" This is sentence number 1")
    error = refused(spoken(LONG), sentence)
    assert error.code == "reference-text-mismatch"
    assert "could be used" in error.message
    assert "all words of the recording" in error.mend


class Deaf:
    """An aligner that knows no language."""

    name = "deaf"

    def align(self, audio: Audio, words: Sequence[str], language: str, step: Step) -> Sequence[Span | None]:
        raise CannotAlign(f"no model for {language}")


def test_where_no_aligner_knows_the_language_nobody_listens_and_a_warning_says_so() -> None:
    taken = take_recording(spoken(), TEXT, aligner=Deaf())
    assert taken.warnings == ("nobody listened whether the reference says its text: no model for en",)
    chinese = take_recording(noise(4), "你好世界，我们今天很高兴见到你。")
    assert chinese.language == "zh"
    assert "nobody listened" in chinese.warnings[0]


def test_a_long_reference_whose_words_nobody_can_place_is_refused() -> None:
    with pytest.raises(GreenroomError, match="nobody can tell which of its words") as caught:
        take_recording(spoken(LONG), LONG, aligner=Deaf())
    assert caught.value.code == "reference-too-long"
    assert "at most 12 seconds" in caught.value.mend
