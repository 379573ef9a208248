"""Invented denoisers of the family: files in the layout of the published ones, and networks made where they run.

See ``greenroom.weights.synthesise`` for the values.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from greenroom.models.foley.mmdit.checkpoint import filled
from greenroom.models.foley.mmdit.transformer import MMDiT
from greenroom.weights.fitting import shapes_of
from greenroom.weights.synthesise import synthesise_on, write_safetensors

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.models.foley.architecture import Architecture

_FEATURES = 24
_CHANNELS = 8


def tiny(architecture: Architecture, *, heads: int = 2, head_dim: int = 16) -> Architecture:
    """The same kind of network, of two blocks of each kind and narrow features."""
    return replace(
        architecture,
        name=f"{architecture.name}-tiny",
        triple=2,
        single=2,
        heads=heads,
        head_dim=head_dim,
        latent=_CHANNELS,
        visual_in=_FEATURES,
        text_in=_FEATURES,
        sync_in=_FEATURES,
    )


def synthetic_denoiser(architecture: Architecture, device: torch.device, dtype: torch.dtype, *, seed: int = 0) -> MMDiT:
    """A denoiser of random weights, drawn on its device and in its precision: nothing is written or copied."""
    with torch.device("meta"):
        network = MMDiT(architecture)
    return filled(network, dict(synthesise_on(device, shapes_of(network), seed, dtype)))


def synthesise_denoiser(path: Path, architecture: Architecture, seed: int = 0) -> None:
    """Write a denoiser's weights as safetensors in float32, random ones. Raises OutputUnwritable."""
    with torch.device("meta"):
        shapes = shapes_of(MMDiT(architecture))
    write_safetensors(path, shapes, seed, {})
