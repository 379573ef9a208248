"""Invented autoencoders: a file of the published names, and a network made where it runs.

See ``greenroom.weights.synthesise`` for the values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from greenroom.models.foley.dac.checkpoint import LENGTH, fused, published_layout
from greenroom.models.foley.dac.config import DacConfig
from greenroom.models.foley.dac.vae import DacVAE
from greenroom.weights.synthesise import synthesise, synthesise_on, write_safetensors

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

TINY = DacConfig(encoder_dim=2, latent=8, decoder_dim=64)
"""Small enough for every test, at the published rates."""

_ALPHA = ".alpha"
# Of the last convolution of a residual unit.
_ADDED = f".block.3.{LENGTH}"


def synthetic_dac_vae(
    device: torch.device, config: DacConfig | None = None, *, encoder: bool = False, seed: int = 0
) -> DacVAE:
    """An autoencoder of random weights in float32, drawn on its device: nothing is written or copied."""
    with torch.device("meta"):
        vae = DacVAE(config, encoder=encoder)
    tensors = {name: _settled(name, values) for name, values in synthesise_on(device, published_layout(vae), seed)}
    vae.load_state_dict(fused(tensors), assign=True)
    return vae.eval().requires_grad_(False)


def synthesise_dac_vae(path: Path, config: DacConfig | None = None, seed: int = 0) -> None:
    """Write an autoencoder's weights, both halves, as safetensors, random ones. Raises OutputUnwritable."""
    with torch.device("meta"):
        shapes = published_layout(DacVAE(config, encoder=True))
    others = {name: shape for name, shape in shapes.items() if name.endswith((_ALPHA, _ADDED))}
    fixed = {name: _settled(name, values) for name, values in synthesise(others, seed)}
    write_safetensors(path, {name: shape for name, shape in shapes.items() if name not in fixed}, seed, fixed)


def _settled(name: str, values: Tensor) -> Tensor:
    """Values near one where a network divides by them, and small where many of them add up, or all ends in the tanh."""
    if name.endswith(_ALPHA):
        return values + 1
    return values / 2 if name.endswith(_ADDED) else values
