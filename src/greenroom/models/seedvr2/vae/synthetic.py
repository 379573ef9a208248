"""Invented autoencoders: a file in the layout of the published one, and a network made where it runs.

See ``greenroom.weights.synthesise`` for the values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from greenroom.models.seedvr2.vae.config import VAEConfig
from greenroom.models.seedvr2.vae.vae import VideoVAE
from greenroom.weights.fitting import shapes_of
from greenroom.weights.synthesise import synthesise_on, write_safetensors

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.weights.synthesise import Shape

TINY = VAEConfig(widths=(8, 8, 16, 16), layers=1, groups=4)
"""Small enough for every test; the latent is as deep as the published one's."""


def synthetic_vae(
    device: torch.device, dtype: torch.dtype, config: VAEConfig | None = None, *, seed: int = 0
) -> VideoVAE:
    """An autoencoder of random weights, drawn on its device: nothing is written or copied."""
    return VideoVAE.of(dict(synthesise_on(device, _shapes(config), seed)), config, dtype)


def synthesise_vae(path: Path, config: VAEConfig | None = None, seed: int = 0) -> None:
    """Write an autoencoder's weights as safetensors in float32, random ones. Raises OutputUnwritable."""
    write_safetensors(path, _shapes(config), seed, {})


def _shapes(config: VAEConfig | None) -> dict[str, Shape]:
    with torch.device("meta"):
        return shapes_of(VideoVAE(config))
