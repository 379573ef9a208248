"""How a clip is cut on its way through the autoencoder. Any cut gives the same result; longer ones take more memory."""

from __future__ import annotations

from dataclasses import dataclass

INDEXED = 2**31
"""Convolutions of libraries count the numbers of a tensor in 32 bits: a larger one is computed in bands of rows."""


@dataclass(frozen=True, slots=True)
class Slices:
    """latents: latent frames at a time, the first time one more.  frames: at a time, within those.

    Within a slice, the levels that know every frame go on by the second number, which is what memory is taken by.
    """

    latents: int = 1
    frames: int = 4


CUTS = (Slices(8, 32), Slices(4, 16), Slices(2, 8), Slices(1, 4), Slices(1, 2), Slices(1, 1))
"""From the fastest to the leanest: in longer slices less of the past is copied about."""
