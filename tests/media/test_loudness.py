"""Loudness as EBU R 128 defines it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from greenroom.media.audio import Audio
from greenroom.media.loudness import Loudness, gain_to, measure


def sine(level_db: float, seconds: float, rate: int = 48_000, channels: int = 1) -> Audio:
    time = np.arange(int(seconds * rate)) / rate
    wave: NDArray[np.float32] = (10 ** (level_db / 20) * np.sin(2 * np.pi * 997 * time)).astype(np.float32)
    return Audio(np.tile(wave, (channels, 1)), rate)


@pytest.mark.parametrize("rate", [16_000, 22_050, 48_000])
def test_a_sine_has_the_loudness_of_the_standard(rate: int) -> None:
    """BS.1770-4: 997 Hz at 0 dBFS in one channel reads -3.01 LKFS; EBU Tech 3341 case 1: -23 dBFS stereo reads -23."""
    assert measure(sine(0, 4, rate)).integrated == pytest.approx(-3.01, abs=0.1)
    assert measure(sine(-23, 4, rate, channels=2)).integrated == pytest.approx(-23.0, abs=0.1)


def test_short_sound_reads_as_long_sound_does() -> None:
    assert measure(sine(-20, 0.1)).integrated == pytest.approx(measure(sine(-20, 5)).integrated, abs=0.2)


def test_true_peak_is_in_decibels() -> None:
    assert measure(sine(-6, 1)).true_peak == pytest.approx(-6, abs=0.2)


def test_silence_has_no_loudness_and_is_left_alone() -> None:
    for samples in (np.zeros((1, 48_000), np.float32), np.zeros((1, 0), np.float32)):
        measured = measure(Audio(samples, 48_000))
        assert measured.integrated is None
        assert gain_to(-16, measured) == 1.0


def test_gain_reaches_the_target() -> None:
    audio = sine(-30, 3)
    louder = Audio(audio.samples * gain_to(-16, measure(audio)), audio.rate)
    assert measure(louder).integrated == pytest.approx(-16, abs=0.1)


def test_peaks_stop_the_gain_at_minus_one() -> None:
    assert 20 * np.log10(gain_to(-10, Loudness(-20, -4))) == pytest.approx(3)
