"""Cuts cut; flashes, fades, moving cameras and noise do not."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from greenroom.media.video.shots import Shot, find_shots, shots, shrunk
from tests.media.video.clips import video

Picture = NDArray[np.uint8]


def scene(seed: int, width: int = 160, height: int = 90) -> Picture:
    """A picture of large shapes; every seed has its own."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    picture = np.full((height, width, 3), random.integers(30, 220, 3), np.float64)
    for _ in range(12):
        row, column, radius = random.integers(0, height), random.integers(0, width), random.integers(10, 45)
        picture[(rows - row) ** 2 + (columns - column) ** 2 < radius**2] = random.integers(0, 256, 3)
    return picture.astype(np.uint8)


def take(seed: int, frames: int, *, pan: int = 1) -> list[Picture]:
    """A scene for so many frames, seen by a camera that moves ``pan`` pixels a frame, with noise of its sensor."""
    wide = np.concatenate([scene(seed), scene(seed + 1000), scene(seed + 2000)], axis=1)
    noise = np.random.default_rng(seed).normal(0, 4, wide.shape)  # another part of it in each frame
    out = []
    for number in range(frames):
        part = wide[:, (number * pan) % 300 :][:, :160].astype(np.int16)
        out.append(np.clip(part + noise[:, 7 * number % 300 :][:, :160], 0, 255).astype(np.uint8))
    return out


def cuts(frames: Iterable[Picture], shortest: int = 12) -> list[int]:
    found = list(shots(frames, shortest=shortest))
    assert found[0].start == 0
    assert all(before.stop == after.start for before, after in itertools.pairwise(found))
    return [shot.start for shot in found[1:]]


def test_cuts_are_found_where_they_are() -> None:
    frames = [*take(1, 30), *take(2, 20), *take(3, 13), *take(4, 40)]
    assert cuts(frames) == [30, 50, 63]


@pytest.mark.parametrize("seed", range(10, 22))
def test_any_two_scenes(seed: int) -> None:
    assert cuts([*take(seed, 16), *take(seed + 50, 16)]) == [16]


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_a_flash_does_not_cut(length: int) -> None:
    frames = take(1, 40)
    for number in range(20, 20 + length):
        frames[number] = np.clip(frames[number].astype(np.int16) + 150, 0, 255).astype(np.uint8)
    assert cuts(frames) == []


def test_a_flash_beside_a_cut_leaves_the_cut() -> None:
    frames = [*take(1, 30), *take(2, 30)]
    frames[28] = np.full_like(frames[28], 255)
    assert cuts(frames) == [30]


@pytest.mark.parametrize("length", [8, 15, 30])
def test_fades_and_dissolves_do_not_cut(length: int) -> None:
    first, second = take(1, 20 + length), take(2, 20 + length)
    weights = [0.0] * 20 + [number / length for number in range(length)]
    fade = [(frame * (1 - weight)).astype(np.uint8) for frame, weight in zip(first, weights, strict=True)]
    assert cuts(fade) == []
    mixed = [
        (one * (1 - weight) + other * weight).astype(np.uint8)
        for one, other, weight in zip(first, second, weights, strict=True)
    ]
    assert cuts(mixed) == []


@pytest.mark.parametrize("pan", [3, 10, 20])
def test_a_fast_camera_does_not_cut(pan: int) -> None:
    assert cuts(take(1, 300 // pan, pan=pan)) == []


def test_drawings_that_last_two_frames_do_not_cut() -> None:
    """As much of animation is: every second frame changes, and a fast camera changes much."""
    twice = [frame for frame in take(1, 30, pan=20) for _ in range(2)]
    assert cuts(twice) == []


def test_a_cut_within_a_fast_camera_is_found() -> None:
    assert cuts([*take(1, 20, pan=6), *take(2, 20, pan=6)]) == [20]


def test_short_shots_are_joined() -> None:
    frames = [*take(1, 30), *take(2, 8), *take(3, 30)]
    assert cuts(frames) == [30]
    assert cuts(frames, shortest=4) == [30, 38]


def test_cuts_near_the_ends() -> None:
    assert cuts([*take(1, 2), *take(2, 20)], shortest=1) == [2]
    assert cuts([*take(1, 20), *take(2, 2)], shortest=1) == [20]
    assert cuts([*take(1, 20), *take(2, 1)], shortest=1) == [20]


def test_nothing_and_one_frame() -> None:
    assert list(shots([])) == []
    assert list(shots(take(1, 1))) == [Shot(0, 1)]


def test_16_bits_cut_where_8_do() -> None:
    frames = [*take(1, 20), *take(2, 20)]
    wide = [frame.astype(np.uint16) * 257 for frame in frames]
    assert [shot.start for shot in shots(wide)] == [0, 20]
    np.testing.assert_allclose(shrunk(wide[0]), shrunk(frames[0]), atol=0.01)


@given(st.integers(1, 300), st.integers(1, 300))
@settings(max_examples=30, deadline=None)
def test_pictures_of_any_size_are_made_small(width: int, height: int) -> None:
    small = shrunk(np.full((height, width, 3), 77, np.uint8))
    assert max(small.shape[:2]) <= 64
    np.testing.assert_allclose(small, np.broadcast_to([77, 0, 0], small.shape), atol=1e-3)


def test_a_file(tmp_path: Path) -> None:
    frames = [*take(1, 20), *take(2, 20)]
    path = video(tmp_path / "x.mp4", frames=40, size=(160, 90), draw=lambda number: frames[number])
    assert find_shots(path) == (Shot(0, 20), Shot(20, 40))
