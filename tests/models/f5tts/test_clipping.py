"""Silence cut out of 16-bit sound; whole recordings are held bit by bit by the golden case ``reference_audio``."""

from __future__ import annotations

import numpy as np
import pytest

from greenroom.models.f5tts.clipping import (
    Pcm,
    at_rate,
    clip_reference,
    joined,
    silence,
    split_at_silence,
    without_long_silences,
    without_silent_ends,
)

RATE = 16_000


def sound(*stretches: tuple[float, int], rate: int = RATE, channels: int = 1) -> Pcm:
    """Seconds and loudness of stretches of a square wave."""
    parts = [
        np.where(np.arange(round(seconds * rate)) // 20 % 2, loudness, -loudness).astype(np.int16)
        for seconds, loudness in stretches
    ]
    return Pcm(np.repeat(np.concatenate(parts)[:, None], channels, axis=1), rate)


def test_lengths_are_rounded_and_what_rounding_adds_is_silence() -> None:
    short = Pcm(np.ones((27_209, 1), np.int16), 22_050)  # 1233.95 ms
    assert short.milliseconds == 1234
    assert short.part(0, 1234).frames == 27_209
    longer = Pcm(np.ones((81_590, 1), np.int16), 24_000)  # 3399.58 ms
    assert longer.milliseconds == 3400
    assert longer.part(3300, 5000).samples[:, 0].tolist() == [1] * 2390 + [0] * 10


def test_levels_are_whole_numbers_over_all_channels() -> None:
    stereo = Pcm(np.array([[3, 4]] * 160, np.int16), 16_000)
    assert stereo.levels(np.array([0, 5]), 5).tolist() == [3, 3]  # the root of 12.5 is 3.54


@pytest.mark.parametrize("channels", [1, 2])
def test_a_sound_is_split_where_it_is_silent(channels: int) -> None:
    spoken = sound((1.0, 3000), (2.0, 0), (1.5, 3000), (0.5, 0), (1.0, 3000), channels=channels)
    parts = split_at_silence(spoken, least_ms=1000, below_db=-50, keep_ms=200)
    # Windows of a second begin every 10 ms: the silence of half a second is none.
    assert [part.milliseconds for part in parts] == [1200, 3200]
    assert parts[0].samples.shape[1] == channels


def test_margins_that_meet_are_shared() -> None:
    spoken = sound((1.0, 3000), (1.5, 0), (1.0, 3000))
    assert [p.milliseconds for p in split_at_silence(spoken, least_ms=1000, below_db=-50, keep_ms=1000)] == [1750, 1750]


def test_silence_has_no_part_and_speech_is_one() -> None:
    assert split_at_silence(sound((3.0, 0)), least_ms=1000, below_db=-50, keep_ms=100) == []
    (whole,) = split_at_silence(sound((3.0, 3000)), least_ms=1000, below_db=-50, keep_ms=100)
    assert whole.milliseconds == 3000
    (short,) = split_at_silence(sound((0.5, 0)), least_ms=1000, below_db=-50, keep_ms=100)
    assert short.milliseconds == 500


def test_silent_ends_are_trimmed_in_steps_of_10_ms() -> None:
    trimmed = without_silent_ends(sound((0.333, 100), (1.0, 3000), (0.2, 100)), -42)
    assert trimmed.milliseconds == 3 + 1000
    assert without_silent_ends(sound((1.0, 100)), -42).milliseconds == 0


def test_silence_takes_the_rate_and_the_channels_of_what_it_is_joined_to() -> None:
    whole = joined([sound((1.0, 3000), rate=22_050, channels=2), silence(50)])
    assert (whole.rate, whole.samples.shape) == (22_050, (22_050 + 1101, 2))
    assert not whole.samples[22_050:].any()


def test_a_slow_recording_is_raised_on_straight_lines() -> None:
    ramp = Pcm(np.arange(0, 8000, 100, dtype=np.int16)[:, None], 8000)
    raised = at_rate(ramp, 16_000)
    assert raised.samples[:, 0].tolist() == list(range(0, 7901, 50))
    assert joined([ramp]).rate == 11_025
    odd = at_rate(Pcm(np.array([[-7], [8], [-7]], np.int16), 2), 3)
    assert odd.samples[:, 0].tolist() == [-7, 3, 3, -7]
    halves = at_rate(Pcm(np.array([[0], [-1], [0], [1]], np.int16), 1), 2)
    assert halves.samples[:, 0].tolist() == [0, -1, -1, -1, 0, 0, 1]  # cut off downwards


@pytest.mark.parametrize(
    ("stretches", "cuts", "seconds"),
    [
        ([(5.0, 3000)], (), 5.05),
        ([(0.5, 0), (5.0, 3000), (0.9, 0)], (), 5.05),
        ([(7.0, 3000), (1.5, 0), (7.0, 3000)], (1,), 7.05),
        ([(7.0, 3000), (0.3, 0), (7.0, 3000)], (2,), 7.05),
        ([(20.0, 3000)], (3,), 12.05),
        ([(3.0, 3000), (1.5, 0), (30.0, 3000)], (3,), 12.05),
        ([(40.0, 0)], (), 0.05),
    ],
)
def test_a_recording_is_cut_by_the_first_rule_that_fits(
    stretches: list[tuple[float, int]], cuts: tuple[int, ...], seconds: float
) -> None:
    clip = clip_reference(sound(*stretches))
    assert clip.cuts == cuts
    assert clip.sound.milliseconds / 1000 == pytest.approx(seconds, abs=0.011)


def test_long_silences_are_shortened() -> None:
    result = without_long_silences(sound((1.0, 3000), (4.0, 0), (1.0, 3000), (0.8, 0), (1.0, 3000)))
    assert result.milliseconds == 1500 + 500 + 2800


def test_windows_of_levels_equal_a_plain_count() -> None:
    rng = np.random.default_rng(1)
    noise = Pcm(rng.integers(-30_000, 30_000, (3333, 2), dtype=np.int16), 11_111)
    starts = np.arange(0, noise.milliseconds, 7, dtype=np.int64)
    for start, level in zip(starts.tolist(), noise.levels(starts, 20).tolist(), strict=True):
        part = noise.part(start, start + 20).samples.astype(np.float64)
        assert level == int(np.sqrt(np.square(part).sum() / part.size))
