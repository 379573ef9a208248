"""The keypoint network's input and answer; that of the published network is in the goldens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from greenroom.models.steadydancer.pose.keypoints import MIRROR, Crop, Estimator, cropped, decoded, unmirrored
from greenroom.models.steadydancer.pose.networks import Network
from tests.models.steadydancer.pose.bodies import simcc, standing133
from tests.models.steadydancer.pose.onnx_bytes import keypoints


def test_a_box_grows_to_the_networks_shape_around_its_middle() -> None:
    picture = np.zeros((60, 80, 3), np.uint8)
    tall = cropped(picture, np.asarray([10, 5, 40, 50], np.float32), 36, 48)
    assert tall.centre.tolist() == [25, 27.5]
    assert tall.size.tolist() == [42.1875, 56.25]
    wide = cropped(picture, np.asarray([0, 0, 60, 10], np.float32), 36, 48)
    assert wide.size.tolist() == [75, 100]


def test_outside_of_the_picture_it_is_black() -> None:
    crop = cropped(np.full((30, 30, 3), 255, np.uint8), np.asarray([0, 0, 30, 30], np.float32), 36, 48)
    assert crop.pixels[0].max() == 0
    assert crop.pixels[24, 18].tolist() == [255, 255, 255]


def test_a_box_without_an_area_is_no_crash() -> None:
    crop = cropped(np.full((30, 30, 3), 255, np.uint8), np.asarray([5, 5, 5, 5], np.float32), 36, 48)
    assert np.isfinite(crop.prepared()).all()


def test_blue_comes_first() -> None:
    pixels = np.zeros((48, 36, 3), np.uint8)
    pixels[..., 2] = 255  # blue
    made = Crop(pixels, np.zeros(2, np.float32), np.ones(2, np.float32)).prepared()
    assert made.shape == (3, 48, 36)
    assert made[:, 0, 0].tolist() == pytest.approx([(255 - 123.675) / 58.395, -116.28 / 57.12, -103.53 / 57.375])


def test_points_of_a_crop_go_back_into_the_picture() -> None:
    crop = Crop(np.zeros((48, 36, 3), np.uint8), np.asarray([100, 50], np.float32), np.asarray([72, 96], np.float32))
    made = crop.in_picture(np.asarray([[0, 0], [18, 24], [36, 48]], np.float32))
    assert made.tolist() == [[64, 2], [100, 50], [136, 98]]


def test_the_mirror_takes_left_to_right_and_back() -> None:
    assert (MIRROR[MIRROR] == np.arange(133)).all()
    assert sorted(MIRROR.tolist()) == list(range(133))
    assert MIRROR[[0, 5, 9, 17, 91, 112]].tolist() == [0, 6, 10, 20, 112, 91]


def test_the_mirror_image_counts_as_much() -> None:
    along, down = (np.zeros((133, 72), np.float32) for _ in range(2))
    along[5, 10], down[5, 20] = 1, 1
    mirrored = np.zeros((133, 72), np.float32), np.zeros((133, 72), np.float32)
    mirrored[0][6, 72 - 1 - 30], mirrored[1][6, 20] = 3, 1
    x, y = unmirrored((along, down), mirrored)
    assert (x[5, 10], x[5, 30], y[5, 20]) == (0.5, 1.5, 1)
    points, scores = decoded(x, y)
    assert points[5].tolist() == [15, 10]
    assert scores[5] == 1


def test_a_point_that_is_nowhere_is_left_of_the_crop() -> None:
    along, down = np.full((133, 72), -0.1, np.float32), np.full((133, 96), 0.7, np.float32)
    points, scores = decoded(along, down)
    assert (points == -0.5).all()
    assert scores.tolist() == pytest.approx([-0.1] * 133)


class Recorded:
    """A network that keeps what it was given."""

    size, batch = (48, 36), None

    def __init__(self) -> None:
        self.given: list[NDArray[np.float32]] = []

    def run(self, pictures: Sequence[NDArray[np.float32]]) -> tuple[Any, ...]:
        self.given = list(pictures)
        along, down = simcc()
        return np.stack([along] * len(pictures)), np.stack([down] * len(pictures))


def test_every_crop_is_looked_at_twice_the_second_time_mirrored() -> None:
    network = Recorded()
    picture = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    box = np.asarray([10, 5, 40, 50], np.float32)
    Estimator(cast("Network", network)).estimate([(picture, box), (picture, box + 5)])
    assert len(network.given) == 4
    for straight, mirrored in ((0, 2), (1, 3)):
        assert (network.given[straight][..., ::-1] == network.given[mirrored]).all()
    assert (network.given[0] != network.given[1]).any()


@pytest.mark.parametrize("batch", [1, 2, "batch"])
def test_points_lie_in_the_box(batch: int | str, tmp_path: Path) -> None:
    file = tmp_path / "dw-ll_ucoco_384.onnx"
    file.write_bytes(keypoints(*simcc(), batch=batch))
    network = Estimator.load(file, device="cpu", threads=1)
    assert (network.width, network.height) == (36, 48)
    box = np.asarray([10, 0, 58, 64], np.float32)  # 3:4, so that only the room around it is added
    found = network.estimate([(np.zeros((90, 90, 3), np.uint8), box)] * 3)
    assert len(found) == 3
    for points, scores in found:
        assert scores.tolist() == pytest.approx([0.9] * 133)
        # The network answers in parts of the crop, to half a pixel of it.
        shown = (points - [34 - 30, 32 - 40]) / [60, 80]
        mirrored = shown[MIRROR] * (-1, 1) + (1, 0)
        there = np.minimum(np.abs(shown - standing133()), np.abs(mirrored - standing133()))
        assert there.max() < 0.03
    assert network.estimate([]) == []
