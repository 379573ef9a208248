"""Frames before the encoders: to the last level, whatever their shape and order in memory."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from greenroom.models.foley.watching.preprocess import centred, normalised, squashed


def noise(*shape: int) -> Tensor:
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@settings(max_examples=15)
@given(st.integers(1, 300), st.integers(1, 300))
def test_any_shape_becomes_the_encoders_own(height: int, width: int) -> None:
    frames = noise(1, 3, height, width)
    assert squashed(frames).shape == (1, 3, 512, 512)
    assert centred(frames).shape == (1, 3, 224, 224)
    assert squashed(frames).dtype == centred(frames).dtype == torch.uint8


@pytest.mark.parametrize("fit", [squashed, centred])
def test_the_order_in_memory_makes_no_difference(fit: object) -> None:
    assert callable(fit)
    frames = noise(1, 3, 90, 161)
    as_decoded = frames.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
    assert torch.equal(fit(as_decoded), fit(frames))


def test_frames_do_not_see_each_other() -> None:
    frames = noise(3, 3, 50, 70)
    assert torch.equal(squashed(frames)[1:2], squashed(frames[1:2]))
    assert torch.equal(centred(frames)[1:2], centred(frames[1:2]))


def test_a_size_that_is_right_already_stays() -> None:
    assert torch.equal(squashed(noise(1, 3, 512, 512)), noise(1, 3, 512, 512))
    assert torch.equal(centred(noise(1, 3, 224, 224)), noise(1, 3, 224, 224))


@pytest.mark.parametrize(("shape", "offset"), [((224, 401), (0, 88)), ((227, 224), (2, 0)), ((229, 224), (2, 0))])
def test_the_middle_is_kept(shape: tuple[int, int], offset: tuple[int, int]) -> None:
    frames, (top, left) = noise(1, 3, *shape), offset
    assert torch.equal(centred(frames), frames[:, :, top : top + 224, left : left + 224])


def test_the_whole_picture_is_squashed() -> None:
    frames = torch.zeros(1, 3, 60, 200, dtype=torch.uint8)
    frames[..., 100:] = 200
    made = squashed(frames)
    assert made[..., :250].max() == 0
    assert made[..., 262:].min() == 200


def test_black_is_minus_one_and_white_one() -> None:
    made = normalised(torch.tensor([0, 51, 255], dtype=torch.uint8))
    torch.testing.assert_close(made, torch.tensor([-1.0, -0.6, 1.0]))
    assert made.dtype == torch.float32


def test_every_level_is_as_written_down() -> None:
    """In place, since frames of a stretch are large; what is given stays as it is."""
    given = torch.arange(256, dtype=torch.uint8)
    kept = given.clone()
    assert torch.equal(normalised(given), (given.float() / 255 - 0.5) / 0.5)
    assert torch.equal(given, kept)
