"""True peaks, held against an interpolation of the whole sound by its spectrum."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from greenroom.media import limiting
from greenroom.media.audio import Audio
from greenroom.media.limiting import AIM_DB, TRUE_PEAK_LIMIT_DB, Limiter, heights_of, held_down, true_peak
from greenroom.media.loudness import gain_for, limited

RATE = 48_000
TIME = np.arange(2 * RATE) / RATE
# The most that a peak of the whole may stand above the limit when it is looked at by another way.
OFF_DB = 0.1


def bursts(hertz: float, seconds: float, *, square: bool) -> NDArray[np.float64]:
    """Twice a second; of noise where ``hertz`` is 0."""
    wave = np.random.default_rng(7).standard_normal(len(TIME)) if not hertz else np.sin(2 * np.pi * hertz * TIME + 0.7)
    heard: NDArray[np.float64] = np.where(seconds > TIME % 0.5, np.sign(wave) if square else wave, 0.0)
    return heard


SOUNDS = {
    "noise bursts": bursts(0, 0.012, square=False),
    "short noise bursts": bursts(0, 0.0008, square=False),
    "square bursts": bursts(11_000, 0.004, square=True),
    "square tone": bursts(1000, 0.5, square=True),
    "tone near the highest": bursts(23_500, 0.5, square=False),
    "bursts near the highest": bursts(23_900, 0.012, square=False),
    "noise": bursts(0, 0.5, square=False),
}


def peak_of(samples: NDArray[np.float32]) -> float:
    """True peak in dB, of the whole at eight times the rate."""
    wave = np.pad(samples.astype(np.float64), 2000)
    spectrum, count = np.fft.rfft(wave), 8 * len(wave)
    spectrum = np.concatenate([spectrum, np.zeros(count // 2 + 1 - len(spectrum))])
    return float(20 * np.log10(8 * np.abs(np.fft.irfft(spectrum, count)).max()))


@pytest.mark.parametrize("lufs", [-23.0, -9.0, -6.0])
@pytest.mark.parametrize("name", SOUNDS)
def test_no_true_peak_stands_above_the_limit_at_any_loudness(name: str, lufs: float) -> None:
    audio = Audio((0.1 * SOUNDS[name]).astype(np.float32)[None], RATE)
    held = limited(audio, gain_for(audio, lufs)).samples
    assert held.shape == audio.samples.shape
    assert peak_of(held[0]) <= TRUE_PEAK_LIMIT_DB + OFF_DB
    assert true_peak(held) <= TRUE_PEAK_LIMIT_DB


@pytest.mark.parametrize("name", SOUNDS)
def test_it_reads_true_peaks_as_the_whole_spectrum_gives_them(name: str) -> None:
    samples = (0.1 * SOUNDS[name]).astype(np.float32)
    assert true_peak(samples[None]) == pytest.approx(peak_of(samples), abs=OFF_DB)
    assert true_peak(samples[None, :0]) == true_peak(0 * samples[None]) == -np.inf


def test_what_stands_below_the_limit_is_left_as_it_is() -> None:
    samples = (0.5 * np.sin(2 * np.pi * 997 * TIME)).astype(np.float32)
    np.testing.assert_array_equal(limited(Audio(samples[None], RATE), 1.0).samples[0], samples)


def test_a_peak_is_met_in_time_and_let_go_again() -> None:
    samples = np.full(RATE, 0.2, np.float32)
    samples[RATE // 2] = 4.0
    share = limited(Audio(samples[None], RATE), 1.0).samples[0] / samples
    assert 20 * np.log10(4 * share[RATE // 2]) == pytest.approx(AIM_DB, abs=0.3)
    assert share[RATE // 2 - RATE // 100] == 1.0
    assert share[RATE // 2 + RATE // 5] == pytest.approx(1, abs=1e-3)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 9000), max_size=8),
    st.sampled_from([8000, 22_050, 48_000]),
    st.sampled_from([1, 2]),
    st.floats(0.1, 8),
)
def test_in_pieces_it_is_the_same_and_nothing_moves(sizes: list[int], rate: int, channels: int, gain: float) -> None:
    noise = np.random.default_rng(len(sizes)).standard_normal((channels, sum(sizes))).astype(np.float32)
    samples = noise * np.float32(gain)
    limiter, given_back, at = Limiter(rate, channels), [], 0
    for size in sizes:
        given_back.append(limiter.push(samples[:, at : at + size]).reshape(channels, -1))
        at += size
    pieces = np.concatenate([*given_back, limiter.flush().reshape(channels, -1)], axis=1)
    np.testing.assert_allclose(pieces, limited(Audio(samples, rate), 1.0).samples, atol=1e-6)
    np.testing.assert_allclose(pieces, held_down(samples, heights_of(samples), rate), atol=1e-5)


def test_a_long_sound_is_the_same_in_its_pieces_as_in_small_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = 3 * np.random.default_rng(5).standard_normal((1, 60_000)).astype(np.float32)
    whole, heights = limited(Audio(samples, RATE), 1.0).samples, heights_of(samples)
    monkeypatch.setattr(limiting, "_PIECE", 7000)
    np.testing.assert_allclose(limited(Audio(samples, RATE), 1.0).samples, whole, atol=1e-6)
    np.testing.assert_allclose(held_down(samples, heights, RATE), whole, atol=1e-5)


def test_two_channels_are_held_down_together_and_lower_where_asked() -> None:
    loud = (2 * SOUNDS["noise"]).astype(np.float32)
    limiter = Limiter(RATE, 2, lower=3)
    held = np.concatenate([limiter.push(np.stack([loud, loud / 4])), limiter.flush()], axis=1)
    np.testing.assert_allclose(held[0], 4 * held[1], rtol=1e-4, atol=1e-6)
    assert true_peak(held) == pytest.approx(AIM_DB - 3, abs=0.15)
