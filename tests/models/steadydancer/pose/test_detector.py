"""The detector's input and answer; that of the published network is in the goldens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from greenroom.models.steadydancer.pose.detector import Detections, Detector, decoded, letterboxed
from tests.models.steadydancer.pose.bodies import scene
from tests.models.steadydancer.pose.onnx_bytes import detector


def test_a_picture_lies_in_the_upper_left_of_a_grey_square() -> None:
    square, scale = letterboxed(np.full((50, 80, 3), 7, np.uint8), 96)
    assert square.shape == (96, 96, 3)
    assert scale == (1.2, 1.2)
    assert (square[:60] == 7).all()
    assert (square[60:] == 114).all()


def test_sides_are_rounded_and_each_has_its_own_scale() -> None:
    _, (wide, tall) = letterboxed(np.zeros((37, 100, 3), np.uint8), 64)
    assert wide == 0.64
    assert tall == 24 / 37  # 23.68


def test_a_sliver_keeps_a_row() -> None:
    square, _ = letterboxed(np.full((1, 900, 3), 7, np.uint8), 64)
    assert (square[0] == 7).all()
    assert (square[1:] == 114).all()


def test_the_best_class_counts_with_how_sure_it_is_that_something_is_there() -> None:
    answer = np.zeros((84, 85), np.float32)
    answer[80, :4] = 0.5, 0.5, 0, np.log(2)
    answer[80, 4], answer[80, 5], answer[80, 7] = 0.8, 0.5, 0.75
    found = decoded(answer, 64, (2, 1))
    assert found.classes.tolist() == [2]
    assert found.scores.tolist() == pytest.approx([0.6])
    assert found.boxes.tolist() == [[0, -16, 16, 48]]  # the first cell of 32 pixels, twice as high as wide
    assert found.people()[0].shape == (0, 4)


def test_people_are_of_one_class_sure_and_apart() -> None:
    boxes = np.asarray([(0, 0, 10, 20), (0, 0, 10, 19), (30, 0, 40, 20), (50, 0, 60, 20)], np.float32)
    things = Detections(boxes, np.asarray([0.9, 0.8, 0.5, 0.4], np.float32), np.asarray([0, 0, 0, 0]))
    assert things.people()[1].tolist() == pytest.approx([0.9])
    assert things.people(0.1)[1].tolist() == pytest.approx([0.9, 0.5, 0.4])
    # A box counts its last pixel: these two overlap by 0.7, and by 0.73 so.
    near = np.asarray([(0, 0, 10, 10), (0, 0, 10, 7)], np.float32)
    assert len(Detections(near, np.asarray([0.9, 0.8], np.float32), np.asarray([0, 0])).people()[0]) == 1
    chairs = Detections(boxes, things.scores, np.asarray([56, 56, 56, 56]))
    assert len(chairs.people()[0]) == 0


def test_people_are_found_in_several_pictures(tmp_path: Path) -> None:
    file = tmp_path / "yolox_l.onnx"
    file.write_bytes(detector(batch=2))
    network = Detector.load(file, device="cpu", threads=1)
    found = network.detect([scene((0, 0), (1, 1)), scene(), scene((1, 0))])
    people = [sorted(things.people()[0].tolist()) for things in found]
    assert [[box[0::2] for box in boxes] for boxes in people] == [[[0, 64], [64, 128]], [], [[64, 128]]]
    assert network.detect([]) == []


def test_the_network_sees_red_where_red_is(tmp_path: Path) -> None:
    """The original swaps what it read as BGR: the first channel is red."""
    file = tmp_path / "yolox_l.onnx"
    file.write_bytes(detector())
    network = Detector.load(file, device="cpu", threads=1)
    [things] = network.detect([np.ascontiguousarray(scene((0, 0))[..., ::-1])])
    assert len(things.people()[0]) == 0
