"""Frames before the encoder. Equality with the original: test_parity_vae."""

from __future__ import annotations

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from greenroom.models.seedvr2.frames.preprocess import crop, cropped, padded, prepare, resize, resized
from greenroom.models.seedvr2.frames.sizes import MULTIPLE, Size
from tests.models.seedvr2.networks import normal


@given(*(st.integers(16, 4320) for _ in range(4)))
@example(16, 1733, 16, 16)
def test_the_area_is_the_one_that_is_wanted(height: int, width: int, rows: int, columns: int) -> None:
    made = resized(Size(height, width), Size(rows, columns))
    # Each side was rounded, by a half at most.
    off = [0.5 / (side - 0.5) for side in (made.height, made.width)]
    assert made.height * made.width == pytest.approx(rows * columns, rel=sum(off) + off[0] * off[1], abs=1)
    within = cropped(made)
    assert 0 <= made.height - within.height < MULTIPLE
    assert not within.width % MULTIPLE


def test_a_size_that_is_right_already_stays() -> None:
    frames = torch.randint(0, 256, (2, 32, 48, 3), dtype=torch.uint8)
    made = prepare(frames, Size(32, 48))
    torch.testing.assert_close(made, frames / 127.5 - 1)
    assert made.dtype == torch.float32


def test_white_is_what_it_is_said_to_be() -> None:
    eight = torch.randint(0, 256, (1, 40, 40, 3), dtype=torch.uint8)
    ten = (eight.int() * 1023 / 255).round().to(torch.uint16)
    apart = resize(ten, Size(32, 32), white=1023) - resize(eight, Size(32, 32))
    assert apart.abs().max() < 1 / 1023


def test_what_overshoots_is_cut() -> None:
    edge = torch.zeros(1, 8, 8, 3)
    edge[:, :, 4:] = 255
    made = resize(edge, Size(32, 32))
    assert made.min() == 0
    assert made.max() == 1


def test_frames_do_not_see_each_other() -> None:
    frames = normal(3, 20, 20, 3).abs() * 50
    whole = prepare(frames, Size(32, 32))
    torch.testing.assert_close(prepare(frames[1:2], Size(32, 32)), whole[1:2])


@pytest.mark.parametrize(("sides", "offsets"), [((18, 17), (1, 0)), ((19, 21), (2, 2)), ((16, 31), (0, 8))])
def test_the_middle_is_kept(sides: tuple[int, int], offsets: tuple[int, int]) -> None:
    frames = normal(1, *sides, 3)
    top, left = offsets
    assert torch.equal(crop(frames, Size(16, 16)), frames[:, top : top + 16, left : left + 16])


@given(st.integers(1, 400), st.integers(1, 8))
def test_a_clip_is_made_long_enough(frames: int, ranks: int) -> None:
    places = padded(frames, ranks)
    assert places[:frames] == list(range(frames))
    assert set(places[frames:]) <= {frames - 1}
    assert (len(places) - 1) % (4 * ranks) == 0
    assert len(places) == 1 or len(places) > 4 * ranks
