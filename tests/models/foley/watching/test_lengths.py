"""How long the sound of a clip is. Equality with the original, length by length: test_parity_media."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.models.foley.watching.lengths import (
    ClipTooShort,
    frames_beside,
    frames_until,
    latents,
    latents_until,
    seconds,
    segments,
    sync_tokens,
)


@given(st.integers(16, 800))
def test_there_are_two_latents_a_frame_or_one_less(frames: int) -> None:
    assert 2 * frames - 1 <= latents(frames) <= 2 * frames


def test_some_lengths_lose_a_latent_to_float64() -> None:
    short = [frames for frames in range(16, 800) if latents(frames) == 2 * frames - 1]
    assert len(short) == 37
    assert short[:10] == [29, 57, 58, 113, 114, 115, 116, 201, 203, 205]


@given(st.fractions(0, 15))
def test_frames_and_latents_reach_to_the_end_and_no_further(end: Fraction) -> None:
    for count, rate in ((frames_until(end, 25), 25), (frames_until(end, 8), 8), (latents_until(end), 50)):
        assert Fraction(count - 1, rate) < end <= Fraction(count, rate)


@given(st.integers(0, 10**6))
def test_frames_beside_latents_are_those_until_they_end(latents: int) -> None:
    for rate in (8, 25):
        assert frames_beside(latents, rate) == -(-latents * rate // 50) == frames_until(Fraction(latents, 50), rate)


def test_an_end_between_float64_numbers_loses_nothing() -> None:
    assert (latents(29), latents_until(Fraction(29, 25))) == (57, 58)


@pytest.mark.parametrize(
    ("frames", "length", "count"), [(16, 32, 1), (23, 46, 1), (24, 48, 2), (199, 398, 23), (200, 400, 24)]
)
def test_what_follows_from_a_number_of_frames(frames: int, length: int, count: int) -> None:
    assert seconds(frames) == frames / 25
    assert latents(frames) == length
    assert segments(frames) == count
    assert sync_tokens(frames) == 8 * count


@pytest.mark.parametrize("frames", [0, 1, 15])
def test_less_than_a_segment_is_refused(frames: int) -> None:
    with pytest.raises(ClipTooShort, match=rf"{frames} frames at 25 a second, .* the least is 16, 0\.64 s"):
        segments(frames)
