"""Pictures as the pose networks take them. All are RGB, uint8, (height, width, 3).

The original reads BGR and swaps it once on the way, so that its detector sees RGB and its keypoint network BGR, both
the other way round than in training. That is how its skeletons were made, so it is kept: see ``detector`` and
``keypoints``.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from greenroom.errors import ExtraMissing, InputInvalid

try:
    import cv2
except ModuleNotFoundError as error:  # whatever needs OpenCV here imports this first
    raise ExtraMissing("OpenCV, which resizes pictures and draws,", "animate") from error

if TYPE_CHECKING:
    from greenroom.media.video.colour import Pixels

Picture: TypeAlias = NDArray[np.uint8]

AREA = 1024 * 576
"""Pixels of the picture that skeletons are fitted to, whatever the size of the clip."""

DETECTION_SIDE = 1024
"""Pixels of the shorter side of a picture in which people are looked for."""

_STEP, _DETECTION_STEP = 16, 64
_SLIMMEST = 16  # times as long as wide: beyond, the picture in which people are looked for takes gigabytes


def require_shape(width: int, height: int, what: str) -> None:
    """Refuse a strip, in which nobody can be looked for. what: it is, in words. Raises InputInvalid."""
    if max(width, height) > _SLIMMEST * min(width, height):
        raise InputInvalid(
            f"{what} is {width}x{height}, more than {_SLIMMEST} times as long as wide", mend="cut it to the person"
        )


def fitted_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the picture that skeletons are fitted to: ``AREA`` in its own shape, in steps of 16."""
    shape = height / width
    # Both roots are floored: 720x1280 would otherwise gain a step.
    tall, wide = (int(sqrt(AREA * ratio) // _STEP) * _STEP for ratio in (shape, 1 / shape))
    return max(wide, _STEP), max(tall, _STEP)


def fitted(picture: Picture) -> Picture:
    """A reference picture at ``fitted_size``, bicubic."""
    height, width = picture.shape[:2]
    return resized(picture, fitted_size(width, height), cv2.INTER_CUBIC)


def for_detection(picture: Picture, side: int = DETECTION_SIDE) -> Picture:
    """A picture whose shorter side is about ``side``, both in steps of 64; its shape may change a little."""
    height, width = picture.shape[:2]
    scale = side / min(width, height)
    wide, tall = (max(round(length * scale / _DETECTION_STEP), 1) * _DETECTION_STEP for length in (width, height))
    return resized(picture, (wide, tall), cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)


def eight_bits(pixels: Pixels) -> Picture:
    """Pixels of a video or picture as the networks know them: of 16 bits the upper eight, without alpha."""
    kept = pixels[..., :3]
    return np.ascontiguousarray(kept >> 8 if kept.dtype == np.uint16 else kept, np.uint8)


def resized(picture: Picture, size: tuple[int, int], how: int = cv2.INTER_LINEAR) -> Picture:
    """A picture of this width and height; the same one where it is that already."""
    if picture.shape[1::-1] == size:
        return picture
    made: Any = cv2.resize(picture, size, interpolation=how)
    return np.asarray(made, np.uint8)
