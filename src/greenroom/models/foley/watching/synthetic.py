"""Invented clips, made small already, as they are watched: for rehearsals and benchmarks."""

from __future__ import annotations

from fractions import Fraction

import torch

from greenroom.models.foley.watching.lengths import LONGEST_S, PICTURE_RATE, SYNC_RATE, frames_until
from greenroom.models.foley.watching.pictures import Pictures
from greenroom.models.foley.watching.preprocess import PICTURE_SIDE, SYNC_SIDE


def synthetic_clip(end: Fraction, held: Fraction, seed: int = 0) -> list[Pictures]:
    """Noise, in pieces of 15 s as ``stretches`` gives them.

    end: of the sound, in seconds.  held: until when its last frame is looked at, in seconds.
    """
    drawn, stretch = torch.Generator().manual_seed(seed), Fraction(LONGEST_S)
    pieces: list[Pictures] = []
    start = Fraction(0)
    while start < held:
        stop = min(start + stretch, held)
        pictures, frames = (
            torch.randint(
                0,
                256,
                (frames_until(stop, rate) - frames_until(start, rate), 3, side, side),
                dtype=torch.uint8,
                generator=drawn,
            )
            for rate, side in ((PICTURE_RATE, PICTURE_SIDE), (SYNC_RATE, SYNC_SIDE))
        )
        pieces.append(Pictures(pictures, frames, end))
        start = stop
    return pieces
