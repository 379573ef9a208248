"""How a shot goes through all of the networks: what a plan chooses, and what an engine does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.models.seedvr2.nadit.work import WHOLE, Work
from greenroom.nn.slices import Slices

if TYPE_CHECKING:
    from collections.abc import Iterator

_USUAL = Slices()

TOGETHER = 4
"""Frames whose colours are matched together by the methods that do not take each by itself: so many, whatever the cut
of the decoder is, so that the result does not depend on it."""

OVERLAP_OF_TILES = 128
"""Pixels over which one square fades into the next."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way through a shot. But for ``tile`` and ``window`` the result does not depend on it, but for rounding.

    encode, decode: how the autoencoder cuts time.  work: how the transformer goes through a clip.  parked: the
    transformer's weights are on the host while the autoencoder works.  tile: pixels of the side of squares that the
    autoencoder takes one after the other; None for whole frames.  window: frames that are restored together at most,
    4n + 1; None for the whole shot.  overlap: frames over which one window fades into the next.
    """

    encode: Slices = _USUAL
    decode: Slices = _USUAL
    work: Work = WHOLE
    parked: bool = False
    tile: int | None = None
    window: int | None = None
    overlap: int = 0

    def spans(self, frames: int) -> Iterator[tuple[int, int]]:
        """First frame, and the first behind the last, of each window of a shot. A last one may be shorter."""
        if self.window is None or self.window >= frames:
            yield 0, frames
            return
        for start in range(0, frames - self.overlap, self.window - self.overlap):
            yield start, min(start + self.window, frames)

    def squares(self, height: int, width: int) -> int:
        """Into how many squares a frame is cut, 1 for whole frames."""
        if self.tile is None:
            return 1
        return len(tiles_along(height, self.tile)) * len(tiles_along(width, self.tile))


def tiles_along(extent: int, side: int, overlap: int = OVERLAP_OF_TILES) -> list[tuple[int, int]]:
    """Where tiles begin and end along an axis; the last may be smaller.

    One that would lie within the overlap before it is left out.
    """
    starts = [start for start in range(0, extent, side - overlap) if not start or start + overlap < extent]
    return [(start, min(start + side, extent)) for start in starts]
