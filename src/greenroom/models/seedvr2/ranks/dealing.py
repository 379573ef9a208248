"""What each rank of a gang does of a clip: windows of a block, and slices of time."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from greenroom.models.seedvr2.nadit.windows import windows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from greenroom.models.seedvr2.architecture import Architecture
    from greenroom.models.seedvr2.nadit.windows import Grid, Window

# In frames of pixels. What a slice's convolutions hand on is as much however long it is: 14 GB of the decoder at 1080p,
# 30 ms by NVLink and more by less, where a frame takes a GPU about 90 ms.
_HANDING_ON = 0.8
_FEWEST = 2  # latent frames of the first slice: what comes behind knows of no clip that just begins
_TIME = 4  # frames of pixels to a latent frame, in every published autoencoder
_MANY = 16  # rounds, from which on it does not matter how the last of them is filled


@lru_cache(maxsize=64)
def shares(
    architecture: Architecture, grid: Grid, text: int, ranks: int, *, shifted: bool
) -> tuple[tuple[Window, ...], ...]:
    """The windows of each rank, in runs of the published order that are about as much work. A rank may have none."""
    all_of_them = windows(grid, shifted=shifted)
    work = [_work(architecture, window.tokens, text) for window in all_of_them]
    total, before = sum(work), 0
    found: list[list[Window]] = [[] for _ in range(ranks)]
    for window, own in zip(all_of_them, work, strict=True):
        found[(2 * before + own) * ranks // (2 * total)].append(window)
        before += own
    return tuple(tuple(own) for own in found)


class Turn(NamedTuple):
    """A slice of time that a rank takes: latent frames from ``first`` until before ``stop``.

    begins, ends: whether it is the clip's first, and its last.
    """

    rank: int
    first: int
    stop: int
    begins: bool
    ends: bool

    def frames(self, time: int) -> int:
        """Of pixels. time: of these to a latent frame."""
        return (self.stop - self.first) * time - (time - 1 if self.begins else 0)


def turns(latents: int, ranks: int, most: int) -> list[Turn]:
    """The slices of a clip in order, each the next rank's, in the lengths that leave the least to do for the busiest.

    latents: latent frames of the clip.  most: of a slice, but for one more in the first.
    """
    lengths = range(most, 0, -1) if latents < _MANY * ranks * most else (most,)
    cuts = [_cut(latents, ranks, first, length) for length in lengths for first in range(length + 1, _FEWEST - 1, -1)]
    return min(cuts, key=lambda cut: _busiest(cut, ranks))


def rounds(dealt: Sequence[Turn], ranks: int) -> Iterator[Sequence[Turn]]:
    """The turns that ranks take side by side, in the order of the ranks; in the last round some may have none."""
    for place in range(0, len(dealt), ranks):
        yield dealt[place : place + ranks]


def _work(architecture: Architecture, tokens: int, text: int) -> int:
    """FLOP of a block for a window of so many tokens."""
    matrices = 3 if architecture.design == "dit_v2" else 2
    row = 8 * architecture.width**2 + 2 * matrices * architecture.width * architecture.hidden
    return tokens * row + 4 * architecture.width * (tokens + text) ** 2


def _cut(latents: int, ranks: int, first: int, length: int) -> list[Turn]:
    """Slices of ``length`` behind one of ``first``."""
    places = [0, *range(first, latents, length)]
    ends = [*places[1:], latents]
    return [
        Turn(number % ranks, place, end, number == 0, end == latents)
        for number, (place, end) in enumerate(zip(places, ends, strict=True))
    ]


def _busiest(cut: Sequence[Turn], ranks: int) -> float:
    return max(sum(turn.frames(_TIME) + _HANDING_ON for turn in cut if turn.rank == rank) for rank in range(ranks))
