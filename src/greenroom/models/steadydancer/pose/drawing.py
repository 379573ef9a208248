"""Skeletons as pictures, to the byte as the model was trained on them.

Red and blue are the other way round than in most programs' skeletons: the right shoulder is blue, the nose red.
"""

from __future__ import annotations

from colorsys import hsv_to_rgb
from math import atan2, degrees, hypot
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from greenroom.models.steadydancer.pose.aligning import Aligned
    from greenroom.models.steadydancer.pose.pictures import Picture
    from greenroom.models.steadydancer.pose.poses import Skeletons

TWICE = 2
"""Pixels of a skeleton's picture to one of the picture that it is fitted to; at one, limbs are twice as thick."""

LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13), (1, 0),
    (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
"""Pairs of joints that are drawn, in the order of their colours."""

_BONES = tuple((0 if place % 4 == 0 else place, place + 1) for place in range(20))  # of a hand: five fingers from 0
_HALF_WIDTH, _RADIUS, _THICK = 4, 4, 2
_DIM = 0.6
_FAR = 1e5  # pixels
_STEPS = 18

Colour = tuple[int, int, int]


def _wheel() -> tuple[Colour, ...]:
    """The colours of joints and limbs, RGB, in 18 steps from blue over green to red and back."""
    # From corner to corner of the colour cube in thirds, cut to whole numbers.
    ramp = [255 * step // 3 for step in range(4)]
    colours = []
    for step in range(_STEPS):
        corner, third = divmod(step, 3)
        up, down = ramp[third], 255 - ramp[third]
        of_corner = [(255, up, 0), (down, 255, 0), (0, 255, up), (0, down, 255), (up, 0, 255), (255, 0, down)]
        red, green, blue = of_corner[corner]
        colours.append((blue, green, red))
    return tuple(colours)


COLOURS = _wheel()
_HAND_DOT: Colour = (255, 0, 0)


def pictures(aligned: Aligned) -> Iterator[Picture]:
    """Every frame of a clip as a picture of twice the size that it is fitted to."""
    width, height = TWICE * aligned.width, TWICE * aligned.height
    for frame in range(len(aligned.skeletons)):
        yield drawn(aligned.skeletons, frame, width, height)


def drawn(skeletons: Skeletons, frame: int, width: int, height: int) -> Picture:
    """One frame's body and hands on black: RGB, uint8 (height, width, 3)."""
    canvas: Picture = np.zeros((height, width, 3), np.uint8)
    size = np.asarray([width, height], np.float64)
    body = _pixels(skeletons.body[frame], size)
    shown = skeletons.shown[frame]
    for (one, other), colour in zip(LIMBS, COLOURS, strict=False):
        if shown[one] and shown[other]:
            _limb(canvas, body[one], body[other], colour)
    canvas = (canvas * _DIM).astype(np.uint8)
    for joint, colour in enumerate(COLOURS):
        if shown[joint]:
            _disc(canvas, body[joint], colour)
    for hand in skeletons.hands[frame]:
        _hand(canvas, _pixels(hand, size))
    return canvas


def _pixels(points: NDArray[np.float32], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places in pixels, as far outside of a picture as OpenCV can count."""
    return np.clip(points.astype(np.float64) * size, -_FAR, _FAR)


def _limb(canvas: Picture, one: NDArray[np.float64], other: NDArray[np.float64], colour: Colour) -> None:
    middle = (one + other) / 2
    x, y = one - other
    axes = (int(hypot(x, y) / 2), _HALF_WIDTH)
    outline: Any = cv2.ellipse2Poly((int(middle[0]), int(middle[1])), axes, int(degrees(atan2(y, x))), 0, 360, 1)
    cv2.fillConvexPoly(canvas, outline, colour)


def _disc(canvas: Picture, place: NDArray[np.float64], colour: Colour) -> None:
    cv2.circle(canvas, (int(place[0]), int(place[1])), _RADIUS, colour, thickness=-1)


def _hand(canvas: Picture, points: NDArray[np.float64]) -> None:
    places = [(int(x), int(y)) for x, y in points]
    seen = [x > 0 and y > 0 for x, y in places]
    for number, (one, other) in enumerate(_BONES):
        if seen[one] and seen[other]:
            red, green, blue = hsv_to_rgb(number / len(_BONES), 1, 1)
            cv2.line(canvas, places[one], places[other], (255 * blue, 255 * green, 255 * red), thickness=_THICK)
    for place, there in zip(places, seen, strict=True):
        if there:
            cv2.circle(canvas, place, _RADIUS, _HAND_DOT, thickness=-1)
