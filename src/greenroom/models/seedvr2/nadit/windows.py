"""The windows that attention looks within: about a third of a 720p frame wide and high, whatever the frame's size.

Sizes are in tokens of a grid (time, height, width). Every second block has windows shifted by half of one, as in Swin
(arXiv 2103.14030), cut at the borders of the clip and not wrapped around.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from itertools import product
from math import ceil, prod, sqrt
from typing import NamedTuple

Grid = tuple[int, int, int]
"""Tokens of a clip in time, height and width."""

Span = tuple[int, int]
"""First token, and the first one behind the last."""

PER_AXIS = (4, 3, 3)
"""Windows in time, height and width of a clip of 30 latent frames of 720p."""

_REFERENCE_TOKENS = 45 * 80  # of a frame of 720p
_MOST_FRAMES = 30  # windows of longer clips grow in number, not in length


class Window(NamedTuple):
    """Where a window lies in the grid."""

    time: Span
    height: Span
    width: Span

    @property
    def shape(self) -> Grid:
        """Its tokens in time, height and width."""
        return (
            self.time[1] - self.time[0],
            self.height[1] - self.height[0],
            self.width[1] - self.width[0],
        )

    @property
    def tokens(self) -> int:
        """How many it holds."""
        return prod(self.shape)


def window_shape(grid: Grid, per_axis: Grid = PER_AXIS) -> Grid:
    """The shape of a whole window. Heights and widths are rounded half to even, as the published rule does."""
    frames, height, width = grid
    scale = sqrt(_REFERENCE_TOKENS / (height * width))
    return (
        ceil(min(frames, _MOST_FRAMES) / per_axis[0]),
        max(1, ceil(round(height * scale) / per_axis[1])),
        max(1, ceil(round(width * scale) / per_axis[2])),
    )


@lru_cache(maxsize=64)
def windows(grid: Grid, *, shifted: bool, per_axis: Grid = PER_AXIS) -> tuple[Window, ...]:
    """All windows of a grid; every token is in one. In the published order: time fastest, then height, then width."""
    times, heights, widths = _spans(grid, per_axis, shifted=shifted)
    return tuple(Window(time, height, width) for width in widths for height in heights for time in times)


@lru_cache(maxsize=64)
def shapes(grid: Grid, *, shifted: bool, per_axis: Grid = PER_AXIS) -> Counter[Grid]:
    """How many windows of each shape a grid has: a few shapes, however long the clip is. Not to be changed."""
    axes = [Counter(stop - start for start, stop in spans) for spans in _spans(grid, per_axis, shifted=shifted)]
    found: Counter[Grid] = Counter()
    for (time, times), (height, heights), (width, widths) in product(*(axis.items() for axis in axes)):
        found[time, height, width] = times * heights * widths
    return found


def _spans(grid: Grid, per_axis: Grid, *, shifted: bool) -> list[list[Span]]:
    """Along each axis."""
    cut = _shifted if shifted else _regular
    return [cut(extent, whole) for extent, whole in zip(grid, window_shape(grid, per_axis), strict=True)]


def _regular(extent: int, whole: int) -> list[Span]:
    return [(start, min(start + whole, extent)) for start in range(0, extent, whole)]


def _shifted(extent: int, whole: int) -> list[Span]:
    """Cuts half a window later. An odd window's half is cut down to a whole number on either side of the border."""
    if whole >= extent:
        return [(0, extent)]
    starts = range(ceil((extent - 0.5) / whole) + 1)
    spans = [(max(int((i - 0.5) * whole), 0), min(int((i + 0.5) * whole), extent)) for i in starts]
    return [span for span in spans if span[0] < span[1]]
