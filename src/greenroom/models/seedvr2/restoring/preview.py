"""A picture of before and after: a frame of the source, in the result's size, and beside it what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation

from greenroom.media.video.images import write_image

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.media.video.colour import Pixels

LINE = 4
"""Pixels of the white line between the two halves, which are equal in size: before on the left, after on the right."""

_LONGEST = 1920  # pixels of a half's longer side: more than that no window shows beside another


def write_preview(path: Path, before: Pixels, after: Pixels) -> None:
    """Write both beside each other. Raises OutputUnwritable, UnknownName."""
    write_image(path, side_by_side(before, after))


def side_by_side(before: Pixels, after: Pixels) -> Pixels:
    """Two frames, of any size and depth, as one of the second's size twice, or of less where that is large; uint8."""
    height, width = after.shape[:2]
    shrink = min(1.0, _LONGEST / max(height, width))
    height, width = (max(1, round(side * shrink)) for side in (height, width))
    line = np.full((height, LINE, 3), 255, np.uint8)
    return np.concatenate([_fitted(before, height, width), line, _fitted(after, height, width)], axis=1)


def _fitted(pixels: Pixels, height: int, width: int) -> Pixels:
    eight = pixels if pixels.dtype == np.uint8 else ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if eight.shape[:2] == (height, width):
        return eight
    array: Any = np.ascontiguousarray(eight)
    frame: Any = VideoFrame.from_ndarray(array, format="rgb24")
    fitted: Pixels = frame.reformat(width, height, interpolation=Interpolation.BICUBIC).to_ndarray()
    return fitted
