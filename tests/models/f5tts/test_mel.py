"""Mel front ends and resampling; the published answers are in the golden case ``mel``."""

from __future__ import annotations

import math

import pytest
import torch

from greenroom.models.f5tts.mel import MelSpec, RecordingTooShort, htk_filters, log_mel, resample, slaney_filters


def tone(frequency: float, rate: int, samples: int) -> torch.Tensor:
    return torch.sin(2 * math.pi * frequency * torch.arange(samples, dtype=torch.float64) / rate).float()


def test_frames_of_both_kinds() -> None:
    wave = torch.randn(2, 3, 2560)
    assert log_mel(wave).shape == (2, 3, 100, 11)
    assert log_mel(wave, MelSpec("bigvgan")).shape == (2, 3, 100, 10)
    assert log_mel(torch.zeros(513)).shape == (100, 3)


def test_silence_is_the_floor() -> None:
    assert torch.allclose(log_mel(torch.zeros(2000)), torch.tensor(math.log(1e-5)))


def test_each_wave_of_a_batch_is_as_if_alone() -> None:
    waves = torch.randn(2, 3000)
    torch.testing.assert_close(log_mel(waves)[1], log_mel(waves[1]))


@pytest.mark.parametrize(("kind", "samples"), [("vocos", 512), ("bigvgan", 384), ("vocos", 0)])
def test_too_short_a_recording_is_refused(kind: str, samples: int) -> None:
    with pytest.raises(RecordingTooShort, match=f"has {samples} samples"):
        log_mel(torch.zeros(samples), MelSpec("bigvgan" if kind == "bigvgan" else "vocos"))


def test_htk_filters_are_triangles_of_height_one() -> None:
    filters = htk_filters(24_000, 8192, 20)
    assert filters.shape == (4097, 20)
    assert filters.max(dim=0).values.min() > 0.97
    # Between the first and the last corner, neighbours add up to one.
    peaks = filters.argmax(dim=0)
    inner = filters[int(peaks[0]) + 1 : int(peaks[-1]) - 1].sum(dim=1)
    torch.testing.assert_close(inner, torch.ones_like(inner), rtol=0, atol=1e-4)


def test_slaney_filters_have_one_area() -> None:
    filters = slaney_filters(24_000, 8192, 20)
    areas = filters.sum(dim=0) * 24_000 / 8192
    torch.testing.assert_close(areas, torch.ones_like(areas), rtol=0.01, atol=0)
    assert slaney_filters(1600, 512, 8).shape == (257, 8)  # all below the bend of the scale


@pytest.mark.parametrize("rate", [8000, 11_025, 16_000, 22_050, 32_000, 44_100, 44_101, 48_000, 96_000])
def test_a_tone_keeps_its_pitch_and_level(rate: int) -> None:
    samples = rate // 10 + 7
    made = resample(tone(440, rate, samples), rate)
    assert len(made) == -(-samples * 24_000 // rate)
    middle = slice(200, -200)
    torch.testing.assert_close(made[middle], tone(440, 24_000, len(made))[middle], rtol=0, atol=4e-3)


def test_what_the_new_rate_cannot_hold_is_taken_out() -> None:
    assert resample(tone(15_000, 48_000, 4800), 48_000)[200:-200].abs().max() < 0.01


def test_the_same_rate_is_left_alone() -> None:
    wave = torch.randn(100)
    assert torch.equal(resample(wave, 24_000), wave)


def test_blocks_leave_no_seam() -> None:
    wave = torch.randn(16_000 * 4, generator=torch.Generator().manual_seed(0))
    whole = resample(wave, 16_000)  # three blocks
    torch.testing.assert_close(resample(wave[20_000:], 16_000)[100:], whole[30_100:])
    torch.testing.assert_close(resample(wave[None], 16_000)[0], whole)
