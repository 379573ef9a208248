"""Long latents to sound piece by piece: what memory holds then does not grow with the length, and joins are exact.

The decoder has neither attention nor norms over time, so a sample depends on a few latents around its own and on no
others (``DacConfig.reach``: 10 before it and 10 after it at published rates). A piece is decoded with those around it,
and only what is its own is kept. At the ends of the clip it has none, just as in one go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from greenroom.models.foley.dac.vae import DacVAE

PIECE = 250
"""Latents of a piece, 5 s at published rates; more are slower (``benchmarks/foley_encoders.py``)."""


def decode(vae: DacVAE, latents: Tensor, piece: int = PIECE) -> Tensor:
    """What ``DacVAE.decode`` gives, from pieces of so many latents."""
    return torch.cat(list(decoded(vae, latents, piece)), dim=2)


def decoded(vae: DacVAE, latents: Tensor, piece: int = PIECE) -> Iterator[Tensor]:
    """The sound of latents, (batch, latent, latents), in pieces (batch, 1, samples) that follow each other."""
    hop, (before, after) = vae.config.hop, vae.config.reach
    count = latents.shape[2]
    for start in range(0, count, piece):
        stop = min(start + piece, count)
        first = max(start - before, 0)
        sound = vae.decode(latents[:, :, first : min(stop + after, count)])
        yield sound[:, :, (start - first) * hop : (stop - first) * hop]
