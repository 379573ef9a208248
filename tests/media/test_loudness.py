"""Loudness as EBU R 128 defines it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from greenroom.media.audio import Audio
from greenroom.media.limiting import AIM_DB
from greenroom.media.loudness import gain_for, levelled, limited, measure


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
        audio = Audio(samples, 48_000)
        assert measure(audio).integrated is None
        assert gain_for(audio, -16) == 1.0


def pulses(seconds: float = 4, rate: int = 22_050) -> Audio:
    """Something with high peaks over a quiet body, as a low voice has."""
    wave = sine(-20, seconds, rate).samples.copy()
    wave[:, :: rate // 4] = 0.7
    return Audio(wave, rate)


def test_gain_alone_reaches_the_target_where_peaks_allow() -> None:
    audio = sine(-30, 3)
    gain = gain_for(audio, -16)
    assert measure(limited(audio, gain)).integrated == pytest.approx(-16, abs=0.15)
    np.testing.assert_allclose(limited(audio, gain).samples, audio.samples * gain, atol=1e-6)


def test_peaks_are_held_down_to_reach_it_where_they_are_in_the_way() -> None:
    audio = pulses()
    target = (measure(audio).integrated or 0) + 5
    assert measure(audio).true_peak + 5 > 0
    louder = limited(audio, gain_for(audio, target))
    assert measure(louder).integrated == pytest.approx(target, abs=0.3)
    assert measure(louder).true_peak < -0.9
    assert louder.samples.shape == audio.samples.shape


def test_what_would_need_too_much_limiting_stays_quieter() -> None:
    audio = pulses()
    assert 20 * np.log10(gain_for(audio, -2)) == pytest.approx(AIM_DB - measure(audio).true_peak + 12, abs=0.1)


def test_two_channels_are_brought_to_a_loudness_and_held_down_together() -> None:
    audio = Audio(np.concatenate([pulses().samples, pulses().samples * 0.1]), 22_050)
    target = (measure(audio).integrated or 0) + 5
    louder = limited(audio, gain_for(audio, target))
    assert louder.samples.shape == audio.samples.shape
    assert measure(louder).integrated == pytest.approx(target, abs=0.3)
    ratio = louder.samples[0] / np.where(louder.samples[1] == 0, 1, louder.samples[1])
    there = np.abs(louder.samples[1]) > 1e-3
    np.testing.assert_allclose(ratio[there], 10, rtol=1e-2)


def duller(audio: Audio) -> Audio:
    """As a codec that takes away 1.5 dB, and whose peaks are 2 dB higher."""
    samples = audio.samples * np.float32(10 ** (-1.5 / 20))
    samples[:, 100] = np.abs(audio.samples).max() * np.float32(10 ** (2 / 20))
    return Audio(samples, audio.rate)


def test_what_a_codec_takes_away_is_put_back_while_its_peaks_stay_down() -> None:
    quiet, loud = (levelled(pulses(), target, duller) for target in (-30, -16))
    assert quiet.held.integrated == pytest.approx(-30, abs=0.15)
    assert loud.held == measure(duller(loud.audio))
    assert loud.held.true_peak <= -1


def test_silence_behind_a_codec_is_none() -> None:
    gone = levelled(pulses(), -23, lambda audio: Audio(audio.samples * 0, audio.rate))
    assert gone.held.integrated is None
