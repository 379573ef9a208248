"""What was made beside a video's own sound: levels, lengths, and who gives way."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from greenroom.media.audio import Audio
from greenroom.media.loudness import measure
from greenroom.media.mixing import DUCKED_DB, UNDER_LU, Mix
from greenroom.media.mixing import mixed as mixed_and_measured

RATE = 48_000


def tone(hertz: float, seconds: float, level_db: float = -20, channels: int = 1) -> Audio:
    time = np.arange(int(seconds * RATE)) / RATE
    wave = (10 ** (level_db / 20) * np.sin(2 * np.pi * hertz * time)).astype(np.float32)
    return Audio(np.tile(wave, (channels, 1)), RATE)


def mixed(made: Audio, own: Audio | None, mix: Mix, lufs: float, *, channels: int = 1) -> Audio:
    return mixed_and_measured(made, own, mix, lufs, channels=channels).audio


def level(samples: NDArray[np.float32], hertz: float) -> float:
    """Of one tone among others, in dB."""
    time = np.arange(len(samples)) / RATE
    return float(20 * np.log10(2 * abs(np.mean(samples * np.exp(-2j * np.pi * hertz * time)))))


MADE = tone(500, 4, -35)


@pytest.mark.parametrize("own", [None, tone(1000, 4), Audio(np.zeros((2, RATE), np.float32), RATE)])
def test_replaced_it_is_heard_alone_as_loud_as_asked(own: Audio | None) -> None:
    heard = mixed(MADE, own, "replace", -23)
    assert measure(heard).integrated == pytest.approx(-23, abs=0.15)
    assert heard.samples.shape == MADE.samples.shape
    assert level(heard.mono, 1000) < -60


@pytest.mark.parametrize("mix", ["under", "ducked"])
def test_beside_no_sound_or_silence_it_is_as_if_replaced(mix: Mix) -> None:
    for own in (None, Audio(np.zeros((2, RATE), np.float32), RATE)):
        np.testing.assert_array_equal(
            mixed(MADE, own, mix, -23).samples,
            mixed(MADE, None, "replace", -23).samples,
        )


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("lufs", [-23.0, -16.0])
def test_under_the_own_sound_it_is_quieter_and_the_whole_is_as_loud_as_asked(channels: int, lufs: float) -> None:
    heard = mixed(MADE, tone(1000, 4, -12, channels), "under", lufs)
    assert heard.samples.shape == (channels, 4 * RATE)
    assert measure(heard).integrated == pytest.approx(lufs, abs=0.2)
    below = level(heard.samples[0], 1000) - level(heard.samples[0], 500)
    assert below == pytest.approx(UNDER_LU, abs=1.5)  # what is left is the weight of 500 Hz beside 1 kHz


def test_ducked_it_gives_way_while_the_own_sound_is_heard() -> None:
    own = np.concatenate([np.zeros((1, 2 * RATE), np.float32), tone(1000, 2, -12).samples], axis=1)
    heard = mixed(tone(500, 6, -35), Audio(own, RATE), "ducked", -23).mono
    pause, spoken, behind = (level(heard[int(at * RATE) : int(at * RATE) + RATE // 2], 500) for at in (1, 3, 5))
    assert pause - spoken == pytest.approx(DUCKED_DB, abs=0.3)
    assert behind == pytest.approx(pause, abs=0.2)
    assert len(heard) == 6 * RATE


def test_nothing_made_leaves_the_own_sound() -> None:
    own = tone(1000, 2, -12, 2)
    heard = mixed(Audio(np.zeros((1, RATE), np.float32), RATE), own, "under", measure(own).integrated or 0)
    np.testing.assert_allclose(heard.samples, own.samples, atol=0.003)


def test_peaks_are_held_down_in_both_channels_together() -> None:
    own = tone(1000, 3, -30, 2)
    own.samples[0, ::12_000] = 0.9
    heard = mixed(MADE, own, "under", -16)
    assert measure(heard).true_peak < -0.9


def test_from_both_sides_it_is_as_loud_as_asked_too() -> None:
    for own in (None, tone(1000, 4)):
        heard = mixed(MADE, own, "under", -23, channels=2)
        assert heard.samples.shape == (2, 4 * RATE)
        assert measure(heard).integrated == pytest.approx(-23, abs=0.2)
