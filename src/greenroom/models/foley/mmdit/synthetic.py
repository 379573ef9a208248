"""Invented denoisers of the family: files in the layout of the published ones, and networks made where they run.

See ``greenroom.weights.synthesise`` for the values.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from greenroom.models.foley.mmdit.checkpoint import filled, without_weights
from greenroom.models.foley.precision import USUAL
from greenroom.weights.fitting import shapes_of
from greenroom.weights.synthesise import synthesise_on, write_safetensors

if TYPE_CHECKING:
    from collections.abc import Iterable, Set
    from pathlib import Path

    import torch
    from torch import Tensor

    from greenroom.models.foley.architecture import Architecture
    from greenroom.models.foley.mmdit.transformer import MMDiT

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


def synthetic_denoiser(
    architecture: Architecture,
    device: torch.device,
    dtype: torch.dtype,
    *,
    seed: int = 0,
    drawn: torch.dtype | None = None,
    precision: str = USUAL,
    resident: int | None = None,
) -> MMDiT:
    """A denoiser of random weights, drawn on its device and in its precision: nothing is written or copied.

    drawn: the type that they are drawn in, since another type draws others; None for ``dtype``.  precision, resident:
    see ``load_denoiser``; in eight bits are the weights of the same seed, rounded. Raises InputInvalid.
    """
    network = without_weights(architecture)
    shapes = shapes_of(network)

    def read(names: Iterable[str], _small: Set[str]) -> dict[str, Tensor]:
        weights = synthesise_on(device, {name: shapes[name] for name in names}, seed, drawn or dtype)
        return {name: values.to(dtype) for name, values in weights}

    return filled(network, read, precision=precision, resident=resident)


def synthesise_denoiser(path: Path, architecture: Architecture, seed: int = 0) -> None:
    """Write a denoiser's weights as safetensors in float32, random ones. Raises OutputUnwritable."""
    write_safetensors(path, shapes_of(without_weights(architecture)), seed, {})
