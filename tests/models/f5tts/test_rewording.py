"""A recording with other words: what stays is the recording itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from greenroom.errors import GreenroomError
from greenroom.media.audio import read_audio
from greenroom.models.f5tts.rewording import EditTooLong, _check_length
from greenroom.models.model import Generated
from tests.models.f5tts.recordings import TEXT, noise, write

Say = Callable[..., Generated]


def test_the_changed_words_are_made_and_the_rest_is_the_recording(say: Say, reference: Path) -> None:
    made = say(TEXT.replace("the electrician", "an honest plumber"), edit=True, captions="srt")
    assert made.output["words"] == 14
    new, old = read_audio(made.files[0].path), read_audio(reference)
    # The same gain lies over all of it, so the first two seconds are the recording's, but for the resampling.
    places = np.arange(0.3, 2.0, 1 / 8000)
    one, other = (np.interp(places * sound.rate, np.arange(sound.samples.shape[1]), sound.mono) for sound in (new, old))
    assert np.corrcoef(one, other)[0, 1] > 0.99
    assert abs(new.seconds - old.seconds) < 1.0


@pytest.mark.parametrize(
    ("text", "longer"),
    [
        (TEXT.replace(" in the hall", ""), -0.2),
        (TEXT.replace("hall", "hall of the old red house by the sea"), 0.5),
        (f"Listen carefully: {TEXT}", 0.3),
    ],
)
def test_words_are_left_out_and_put_in(say: Say, reference: Path, text: str, longer: float) -> None:
    change = say(text, edit=True).output["seconds"] - read_audio(reference).seconds
    assert change * longer > 0
    assert abs(change) > abs(longer)


@pytest.mark.parametrize(
    ("text", "code"), [(TEXT, "edit-empty"), (TEXT.lower(), "edit-empty"), ("Bonjour messieurs.", "edit-empty")]
)
def test_texts_that_leave_nothing_to_change_or_to_keep_are_refused(say: Say, text: str, code: str) -> None:
    with pytest.raises(GreenroomError) as caught:
        say(text, edit=True)
    assert (caught.value.code, bool(caught.value.mend)) == (code, True)


def test_a_recording_in_which_nothing_is_heard_cannot_be_edited(say: Say, tmp_path: Path) -> None:
    hiss = noise(4)
    path = write(tmp_path / "hiss.wav", hiss.mono, hiss.rate)
    with pytest.raises(GreenroomError) as caught:
        say(TEXT.replace("hall", "shed"), edit=True, reference=str(path), reference_text=TEXT)
    assert caught.value.code == "edit-unheard"
    assert "0 of 13 words were heard" in caught.value.message


def test_a_recording_longer_than_the_model_s_limit_is_refused(say: Say, tmp_path: Path) -> None:
    hiss = noise(28)
    path = write(tmp_path / "hiss.wav", hiss.mono, hiss.rate)
    with pytest.raises(GreenroomError, match=r"lasts 28\.0 s"):
        say("Other words.", edit=True, reference=str(path), reference_text="Some words.")


def test_new_words_are_held_to_the_model_s_limit_too(say: Say) -> None:
    more = "hall of the old red house by the sea " + "and of many others " * 24
    with pytest.raises(EditTooLong, match=r"with its new words 3\d\.\d s; 30 s in all") as caught:
        say(TEXT.replace("hall", more), edit=True)
    assert (caught.value.code, bool(caught.value.mend)) == ("edit-too-long", True)


def test_words_without_time_for_their_letters_are_held_to_it_as_well() -> None:
    _check_length(4.0, (), ["a"] * 2800)
    with pytest.raises(EditTooLong, match=r"lasts 4\.0 s, and with its new words 32\.0 s"):
        _check_length(4.0, (), ["a"] * 3000)


def test_an_edit_streams_too(say: Say, tmp_path: Path) -> None:
    from greenroom.models.model import Work

    parts: list[bytes] = []
    made = say(TEXT.replace("hall", "shed"), Work(tmp_path, hand_on=parts.append), edit=True, format="pcm")
    assert len(b"".join(parts)) == pytest.approx(made.output["seconds"] * 48_000, abs=2)
