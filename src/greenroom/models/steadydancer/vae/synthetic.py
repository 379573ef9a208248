"""Invented autoencoders: a file in the layout of the published one, and a network made where it runs.

See ``greenroom.weights.synthesise`` for the values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from greenroom.models.steadydancer.vae.config import WanVaeConfig
from greenroom.models.steadydancer.vae.vae import WanVae
from greenroom.weights.fitting import shapes_of
from greenroom.weights.synthesise import synthesise_on, write_torch

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.weights.synthesise import Shape

TINY = WanVaeConfig(width=8, times=(1, 1, 2, 2), blocks=1)
"""Small enough for every test; the latent is as deep as the published one's."""


def synthetic_vae(
    device: torch.device,
    dtype: torch.dtype,
    config: WanVaeConfig | None = None,
    *,
    sums: torch.dtype | None = None,
    seed: int = 0,
) -> WanVae:
    """An autoencoder of random weights, drawn on its device: nothing is written or copied. See ``WanVae.of``."""
    return WanVae.of(dict(synthesise_on(device, _shapes(config), seed)), config, dtype, sums)


def synthesise_vae(path: Path, config: WanVaeConfig | None = None, seed: int = 0) -> None:
    """Write an autoencoder's weights as torch does, in float32, random ones. Raises OutputUnwritable."""
    write_torch(path, _shapes(config), seed, {})


def _shapes(config: WanVaeConfig | None) -> dict[str, Shape]:
    with torch.device("meta"):
        return shapes_of(WanVae(config))
