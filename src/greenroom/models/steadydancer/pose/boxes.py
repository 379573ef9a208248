"""Boxes around people: (left, top, right, bottom), in pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

Boxes: TypeAlias = NDArray[np.float32]  # (boxes, 4)
Scores: TypeAlias = NDArray[np.float32]
_Floats: TypeAlias = NDArray[np.floating[Any]]

_TINY = 1e-12  # of boxes without an area


def overlaps(box: _Floats, boxes: _Floats, *, wider: float = 0) -> NDArray[np.float64]:
    """Intersection over union of one box with each of many, (boxes,).

    wider: pixels that each side counts more: 1 where a box ends with its last pixel and not behind it.
    """
    one, many = np.asarray(box, np.float64), np.asarray(boxes, np.float64).reshape(-1, 4)
    low, high = np.maximum(one[:2], many[:, :2]), np.minimum(one[2:], many[:, 2:])
    common = np.prod(np.maximum(high - low + wider, 0), axis=1)
    areas = np.prod(many[:, 2:] - many[:, :2] + wider, axis=1)
    whole = np.prod(one[2:] - one[:2] + wider) + areas - common
    return np.asarray(common / np.maximum(whole, _TINY), np.float64)


def suppressed(boxes: Boxes, scores: Scores, most: float, *, wider: float = 0) -> NDArray[np.intp]:
    """Which boxes stay, best first, when none may overlap a better one by more than ``most``."""
    return _greedy(scores, lambda best, rest: overlaps(boxes[best], boxes[rest], wider=wider) <= most)


def suppressed_by_class(
    boxes: Boxes, scores: Scores, classes: NDArray[np.integer[Any]], most: float
) -> NDArray[np.intp]:
    """Which boxes stay, best first, when none may overlap a better one of its own class by more than ``most``."""

    def apart(best: int, rest: NDArray[np.intp]) -> NDArray[np.bool_]:
        other: NDArray[np.bool_] = classes[rest] != classes[best]
        return other | (overlaps(boxes[best], boxes[rest]) <= most)

    return _greedy(scores, apart)


def _greedy(scores: Scores, apart: Callable[[int, NDArray[np.intp]], NDArray[np.bool_]]) -> NDArray[np.intp]:
    order = np.argsort(-scores, kind="stable")
    kept = []
    while len(order):
        best, rest = int(order[0]), order[1:]
        kept.append(best)
        order = rest[apart(best, rest)]
    return np.asarray(kept, np.intp)
