"""Invented dancers: files in the layout of the published ones, and networks made where they run.

See ``greenroom.weights.synthesise`` for the values.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from greenroom.models.steadydancer.dancer.checkpoint import filled, without_weights
from greenroom.models.steadydancer.dancer.precision import USUAL
from greenroom.weights.fitting import shapes_of
from greenroom.weights.synthesise import synthesise_on, write_safetensors

if TYPE_CHECKING:
    from collections.abc import Iterable, Set
    from pathlib import Path

    import torch
    from torch import Tensor

    from greenroom.models.steadydancer.architecture import Architecture
    from greenroom.models.steadydancer.dancer.transformer import Dancer


def tiny(architecture: Architecture, *, heads: int = 2, head_dim: int = 16) -> Architecture:
    """The same kind of network, of two blocks, with few channels of latents and narrow features."""
    return replace(
        architecture,
        name=f"{architecture.name}-tiny",
        layers=2,
        heads=heads,
        head_dim=head_dim,
        hidden=64,
        sinusoids=32,
        text_in=24,
        text_tokens=20,
        image_in=20,
        image_tokens=17,
    )


def synthetic_dancer(
    architecture: Architecture,
    device: torch.device,
    dtype: torch.dtype,
    *,
    seed: int = 0,
    drawn: torch.dtype | None = None,
    precision: str = USUAL,
    resident: int | None = None,
    apart: bool = False,
) -> Dancer:
    """A dancer of random weights, drawn on its device and in its precision: nothing is written or copied.

    drawn: the type that they are drawn in, since another type draws others; None for ``dtype``.  precision, resident,
    apart: see ``load_dancer``; in eight bits are the weights of the same seed, rounded. Raises InputInvalid.
    """
    network = without_weights(architecture)
    shapes = shapes_of(network)

    def read(names: Iterable[str], kind: torch.dtype, _small: Set[str]) -> dict[str, Tensor]:
        weights = synthesise_on(device, {name: shapes[name] for name in names}, seed, drawn or dtype)
        return {name: values.to(kind) for name, values in weights}

    return filled(network, read, dtype, precision=precision, resident=resident, apart=apart)


def synthesise_dancer(path: Path, architecture: Architecture, seed: int = 0) -> None:
    """Write a dancer's weights as safetensors in float32, random ones. Raises OutputUnwritable."""
    write_safetensors(path, shapes_of(without_weights(architecture)), seed, {})
