"""Shots: where a video cuts from one picture to another.

Frames are made small and compared in luma and two differences of colour. A cut is a change that is large, that stands
out from the changes around it (a moving camera changes much all the time), and after which nothing of the earlier
picture comes back (as it does after a flash). Fades and dissolves change little from frame to frame, and do not cut.
Source: the content and adaptive detectors of PySceneDetect, whose measure of hue is left out: it says nothing of grey.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from greenroom.media.video.reading import VideoReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from greenroom.media.video.colour import Pixels

_SMALL = 64  # pixels of the longer side; cuts are seen at once in such a picture, and noise and film grain are not
_LARGE_CHANGE = 15.0  # of 255, summed over luma and both differences
_STANDS_OUT = 3.0  # times the mean of the changes around it
_AROUND = 2  # frames to each side that change at all
_HELD = 0.5  # less is the same drawing, as every second one is in much of animation
_COMES_BACK = 0.5  # of the change: with less than that between them, two frames show the same
_FLASH = 4  # frames that a flash lasts at most


@dataclass(frozen=True, slots=True)
class Shot:
    """Frames from ``start`` until before ``stop``."""

    start: int
    stop: int


def find_shots(path: Path, *, shortest: int = 12) -> tuple[Shot, ...]:
    """The shots of a video file. shortest: frames; a cut sooner after another is none. Raises as VideoReader does."""
    return tuple(shots(VideoReader(path).thumbnails(_SMALL), shortest=shortest))


def shots(frames: Iterable[Pixels], *, shortest: int = 12) -> Iterator[Shot]:
    """The shots of frames, RGB (height, width, 3), uint8 or uint16; each as soon as it is known that it has ended.

    The same frames give the same shots, and together they are all frames. A few small pictures are kept in memory.
    """
    start = count = 0
    window: deque[_Small] = deque(maxlen=2 * _FLASH + 2)
    for small in _small(frames):
        window.append(small)
        count += 1
        # The frame in question has as many behind it as a flash may last.
        cut = count - _FLASH - 1
        if cut - start >= shortest and _is_cut(list(window), len(window) - _FLASH - 1):
            yield Shot(start, cut)
            start = cut
    for place in range(max(0, len(window) - _FLASH), len(window)):
        cut = count - len(window) + place
        if cut - start >= shortest and _is_cut(list(window), place):
            yield Shot(start, cut)
            start = cut
    if count:
        yield Shot(start, count)


@dataclass(frozen=True, slots=True, eq=False)
class _Small:
    """A small picture, and how much it differs from the one before it."""

    picture: NDArray[np.float32]
    change: float


def _small(frames: Iterable[Pixels]) -> Iterator[_Small]:
    before: NDArray[np.float32] | None = None
    for pixels in frames:
        picture = shrunk(pixels)
        yield _Small(picture, 0.0 if before is None else _difference(before, picture))
        before = picture


def shrunk(pixels: Pixels) -> NDArray[np.float32]:
    """Means over squares of a picture: luma and two differences of colour, 0..255, shape (height, width, 3)."""
    height, width = pixels.shape[:2]
    if max(height, width) >= 8 * _SMALL:  # of so many pixels a part tells as much, and takes less time
        every = max(height, width) // (4 * _SMALL)
        return shrunk(pixels[::every, ::every])
    side = max(1, -(-max(height, width) // _SMALL))
    rows, columns = max(1, height // side), max(1, width // side)
    tall, wide = min(side, height), min(side, width)
    squares = pixels[: rows * tall, : columns * wide].reshape(rows, tall, columns, wide, pixels.shape[2])
    scale = 1.0 if pixels.dtype == np.uint8 else 1 / 257
    rgb = squares[..., :3].mean(axis=(1, 3), dtype=np.float32) * np.float32(scale)
    luma = rgb @ np.array([0.299, 0.587, 0.114], np.float32)
    return np.stack([luma, (rgb[..., 2] - luma) / 2, (rgb[..., 0] - luma) / 2], axis=-1)


def _difference(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.abs(one - other).mean(axis=(0, 1)).sum())


def _is_cut(window: list[_Small], at: int) -> bool:
    """Whether a cut lies before the frame at this place of the window."""
    change = window[at].change
    if at < 1 or change < _LARGE_CHANGE:
        return False
    moving = [place for place in range(1, len(window)) if place != at and window[place].change > _HELD]
    before = [place for place in moving if place < at][-_AROUND:]
    after = [place for place in moving if place > at][:_AROUND]
    around = [_lasting_change(window, place) for place in (*before, *after)]
    if around and change < _STANDS_OUT * (sum(around) / len(around)):
        return False
    earlier, later = window[max(0, at - _FLASH - 1) : at], window[at : at + _FLASH + 1]
    back = min(_difference(one.picture, other.picture) for one in earlier for other in later)
    return back >= max(_LARGE_CHANGE, change * _COMES_BACK)


def _lasting_change(window: list[_Small], at: int) -> float:
    """How much a frame differs from the one before it, or one of its neighbours does if that is less.

    Of a flash nothing lasts, so that a cut beside it stands out still.
    """
    earlier, later = window[max(0, at - 2) : at], window[at : at + 2]
    return min(_difference(one.picture, other.picture) for one in earlier for other in later)
