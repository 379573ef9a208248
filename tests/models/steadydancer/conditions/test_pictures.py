"""Pictures in the sizes that encoders take."""

from __future__ import annotations

import hashlib

import pytest
import torch
from torch import Tensor

from greenroom.models.steadydancer.conditions.pictures import brought_to, like_pillow, pixels
from greenroom.models.steadydancer.conditions.sizes import Size


def picture(height: int, width: int) -> Tensor:
    """Numbers of a rule, the same on every machine."""
    place = torch.arange(height * width * 3, dtype=torch.int64)
    return ((place * 7919 + (place * place) % 257) % 256).to(torch.uint8).view(height, width, 3)


def test_pixels_are_from_minus_one_to_one() -> None:
    shown = pixels(torch.tensor([[[0, 255, 51]]], dtype=torch.uint8))
    torch.testing.assert_close(shown[:, 0, 0], torch.tensor([-1.0, 1.0, -0.6]))


# What Pillow 11.3 makes of the same pictures: smaller, larger, one way each, and sides of one pixel.
@pytest.mark.parametrize(
    ("before", "after", "digest"),
    [
        ((16, 28), (24, 44), "8cb8ad232d599fff"),
        ((60, 40), (23, 17), "4f05b3f5d2a17f42"),
        ((33, 20), (12, 51), "88e37d40fed7db26"),
        ((20, 33), (51, 12), "51387d8459dca71c"),
        ((1, 5), (7, 1), "7049dad293a9eb46"),
        ((90, 64), (89, 64), "3e0a9cec52b45c75"),
    ],
)
def test_a_resize_is_pillows(before: tuple[int, int], after: tuple[int, int], digest: str) -> None:
    made = like_pillow(picture(*before), *after)
    assert made.shape == (*after, 3)
    assert made.dtype == torch.uint8
    assert hashlib.sha256(made.numpy().tobytes()).hexdigest()[:16] == digest


def test_a_picture_of_the_size_stays_as_it_is() -> None:
    assert torch.equal(like_pillow(picture(7, 9), 7, 9), picture(7, 9))


def test_one_colour_stays_that_colour() -> None:
    for level in (0, 1, 127, 254, 255):
        plain = torch.full((13, 17, 3), level, dtype=torch.uint8)
        assert (like_pillow(plain, 5, 40) == level).all()


def test_the_way_to_the_video_is_not_smoothed() -> None:
    """Four pixels each way count for one, however many lie between: lines that are never among them vanish."""
    lines = torch.ones(3, 64, 64).index_fill(2, torch.arange(0, 64, 8), 100.0)
    assert brought_to(lines, Size(8, 8)).allclose(torch.ones(3, 8, 8))


def test_it_may_leave_the_bounds_a_little() -> None:
    edge = torch.full((3, 8, 8), -1.0)
    edge[:, :, 4:] = 1
    assert 1 < float(brought_to(edge, Size(32, 32)).max()) < 1.3
