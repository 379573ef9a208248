"""Which way round red and blue are in ready skeletons, told from the pictures alone.

Both orders use nearly the same colours, so that it is places which tell. The limbs from the neck to the left shoulder
and from the left knee to the ankle have hues 220 and 20 degrees: as the model knows them the first, and in the usual
order the second, lies at the neck, where pure red and pure blue meet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from greenroom.models.steadydancer.pose.pictures import Picture

Order = Literal["ours", "reversed", "unknown"]

_RED, _NEXT_TO_RED, _NEXT_TO_BLUE, _BLUE = 0, 1, 11, 12  # of the 18 hues
_TELLING: tuple[tuple[Order, int], ...] = (("ours", _NEXT_TO_BLUE), ("reversed", _NEXT_TO_RED))
_HUE = 10  # of OpenCV's 180 to one of 18
_WITHIN = 3  # of 180: what lossy codecs leave of a hue
_FULL = 180  # saturation, at least
_DIM = (115, 190)  # the brightness of limbs, about: 153 before a lossy codec
_LEAST = 12  # pixels of a limb
_BLACK, _MOSTLY = 40, 0.6
_MAJORITY = 2 / 3
_REACH = 1.5  # times as far as the middles of red and blue are apart, which both end at the neck


def order_of(pictures: Sequence[Picture]) -> Order:
    """The order of most pictures; unknown where too few show the left shoulder or shin. pictures: RGB, uint8."""
    votes = [vote for picture in pictures if (vote := _vote(picture)) != "unknown"]
    for order in ("ours", "reversed"):
        if votes and votes.count(order) >= _MAJORITY * len(votes):
            return order
    return "unknown"


def black_part(picture: Picture) -> float:
    """How much of a picture is black, 0 to 1."""
    return float((picture.max(axis=2) < _BLACK).mean())


def is_skeleton(picture: Picture) -> bool:
    """Whether a picture can be one of a skeleton: mostly black."""
    return black_part(picture) >= _MOSTLY


def _vote(picture: Picture) -> Order:
    centres = _limbs(picture)
    if _RED not in centres or _BLUE not in centres:
        return "unknown"
    neck, reach = (centres[_RED] + centres[_BLUE]) / 2, float(np.linalg.norm(centres[_RED] - centres[_BLUE]))
    away: dict[Order, float] = {
        order: float(np.linalg.norm(centres[place] - neck)) for order, place in _TELLING if place in centres
    }
    nearest = min(away, key=lambda order: away[order], default=None)
    # A shin far from the neck says nothing where the shoulder is hidden.
    return "unknown" if nearest is None or away[nearest] > _REACH * reach else nearest


def _limbs(picture: Picture) -> dict[int, NDArray[np.float64]]:
    """The middle, (x, y), of all pixels of each hue that limbs may have."""
    hsv: Any = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
    hue, saturation, value = (hsv[..., channel].astype(np.int16) for channel in range(3))
    limb = (saturation >= _FULL) & (value >= _DIM[0]) & (value <= _DIM[1])
    centres = {}
    for place in (_RED, _NEXT_TO_RED, _NEXT_TO_BLUE, _BLUE):
        away = np.abs(hue - place * _HUE)
        rows, columns = np.nonzero(limb & (np.minimum(away, 180 - away) <= _WITHIN))
        if len(rows) >= _LEAST:
            centres[place] = np.asarray([columns.mean(), rows.mean()])
    return centres
