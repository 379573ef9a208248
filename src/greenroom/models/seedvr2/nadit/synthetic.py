"""Invented transformers of the family: files in the layout of the published ones, and networks made where they run.

See ``greenroom.weights.synthesise`` for the values.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from greenroom.models.seedvr2.nadit.checkpoint import BY_FORMULA, computed
from greenroom.models.seedvr2.nadit.transformer import NaDiT
from greenroom.weights.fitting import shapes_of
from greenroom.weights.synthesise import synthesise_on, write_safetensors

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from greenroom.models.seedvr2.architecture import Architecture
    from greenroom.weights.synthesise import Shape

_TINY_TEXT = 32


def tiny(architecture: Architecture, *, heads: int = 2, head_dim: int = 16) -> Architecture:
    """The same kind of network with the same options, of three blocks and a narrow text."""
    layers = 3
    return replace(
        architecture,
        name=f"{architecture.name}-tiny",
        heads=heads,
        head_dim=head_dim,
        layers=layers,
        own_text=layers if architecture.own_text == architecture.layers else 1,
        text_in=_TINY_TEXT,
    )


def synthetic_transformer(
    architecture: Architecture, device: torch.device, dtype: torch.dtype, *, seed: int = 0
) -> NaDiT:
    """A transformer of random weights, drawn on its device and in its precision: nothing is written or copied."""
    with torch.device("meta"):
        network = NaDiT(architecture)
    wanted = shapes_of(network)
    shapes, _ = _split(wanted)
    tensors = dict(synthesise_on(device, shapes, seed, dtype)) | computed(wanted, architecture, device)
    network.load_state_dict(tensors, assign=True)
    return network.eval().requires_grad_(False)


def synthesise_transformer(path: Path, architecture: Architecture, seed: int = 0) -> None:
    """Write a transformer's weights as safetensors in float32, random ones. Raises OutputUnwritable."""
    with torch.device("meta"):
        wanted = shapes_of(NaDiT(architecture))
    shapes, names = _split(wanted)
    fixed: dict[str, Tensor] = computed(names, architecture, "cpu")
    write_safetensors(path, shapes, seed, fixed)


def synthetic_prompt(architecture: Architecture, length: int = 58, *, seed: int = 0) -> Tensor:
    """An encoded prompt as spread as the makers', whose length is the default: float32 (length, text_in)."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(length, architecture.text_in, generator=generator)


def _split(wanted: dict[str, Shape]) -> tuple[dict[str, Shape], list[str]]:
    """The shapes of what is drawn, and the names of what is computed."""
    names = [name for name in wanted if name.endswith(BY_FORMULA)]
    return {name: shape for name, shape in wanted.items() if name not in names}, names
