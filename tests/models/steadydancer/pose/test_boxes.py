"""Boxes overlap and suppress one another as they should, however many there are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.models.steadydancer.pose.boxes import overlaps, suppressed, suppressed_by_class


def boxes(*rows: tuple[float, float, float, float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.asarray(rows, np.float32).reshape(-1, 4)


def test_overlap_is_intersection_over_union() -> None:
    [same, half, none] = overlaps(boxes((0, 0, 2, 2))[0], boxes((0, 0, 2, 2), (0, 0, 2, 1), (5, 5, 6, 6)))
    assert (same, half, none) == (1, 0.5, 0)


def test_a_box_may_count_its_last_pixel() -> None:
    [plain] = overlaps(boxes((0, 0, 3, 3))[0], boxes((0, 0, 3, 1)))
    [wider] = overlaps(boxes((0, 0, 3, 3))[0], boxes((0, 0, 3, 1)), wider=1)
    assert (plain, wider) == pytest.approx((1 / 3, 1 / 2))


def test_boxes_without_area_overlap_nothing() -> None:
    assert overlaps(boxes((1, 1, 1, 1))[0], boxes((1, 1, 1, 1), (0, 0, 2, 2))).tolist() == [0, 0]


def test_the_best_of_boxes_that_overlap_stays() -> None:
    given_boxes = boxes((0, 0, 10, 10), (1, 0, 10, 10), (20, 0, 30, 10))
    scores = np.asarray([0.6, 0.9, 0.7], np.float32)
    assert suppressed(given_boxes, scores, 0.7).tolist() == [1, 2]
    assert suppressed(given_boxes, scores, 0.95).tolist() == [1, 2, 0]


def test_boxes_of_another_class_stay() -> None:
    given_boxes = boxes((0, 0, 10, 10), (0, 0, 10, 10), (0, 0, 10, 10))
    scores = np.asarray([0.6, 0.9, 0.7], np.float32)
    assert suppressed_by_class(given_boxes, scores, np.asarray([1, 1, 2]), 0.5).tolist() == [1, 2]


def test_no_boxes_leave_none() -> None:
    none = np.empty(0, np.float32)
    assert suppressed(boxes(), none, 0.5).tolist() == []
    assert suppressed_by_class(boxes(), none, np.empty(0, np.int64), 0.5).tolist() == []


_PLACE = st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(1, 20), st.integers(1, 20), st.integers(1, 99))


@given(st.lists(_PLACE, max_size=12), st.floats(0, 1))
def test_what_stays_overlaps_little_and_what_goes_overlaps_something_better(
    places: list[tuple[int, int, int, int, int]], most: float
) -> None:
    rows = boxes(*((x, y, x + w, y + h) for x, y, w, h, _ in places))
    scores = np.asarray([score / 100 for *_, score in places], np.float32)
    kept = suppressed(rows, scores, most).tolist()
    assert [float(scores[place]) for place in kept] == sorted((float(scores[place]) for place in kept), reverse=True)
    for place in range(len(rows)):
        better = [other for other in kept if other != place and scores[other] >= scores[place]]
        clash = len(better) > 0 and bool((overlaps(rows[place], rows[better]) > most).any())
        if place not in kept:
            assert clash
    for one in kept:
        rest = [other for other in kept if other != one]
        assert not rest or (overlaps(rows[one], rows[rest]) <= most).all()
