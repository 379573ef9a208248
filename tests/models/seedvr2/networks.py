"""Transformers of the family that are small enough for every test, and random in all of their weights."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from greenroom.models.seedvr2.architecture import PUBLISHED, Architecture
from greenroom.models.seedvr2.nadit.synthetic import synthetic_transformer, tiny
from greenroom.models.seedvr2.nadit.transformer import NaDiT
from greenroom.weights.fitting import Shape, shapes_of

GOLDENS = Path(__file__).parents[2] / "goldens" / "seedvr2"

V2, V1 = (tiny(architecture) for architecture in PUBLISHED.values())
BOTH = (V2, V1)


def network_of(architecture: Architecture, seed: int = 0, dtype: torch.dtype = torch.float32) -> NaDiT:
    """A transformer of random weights on the CPU."""
    return synthetic_transformer(architecture, torch.device("cpu"), dtype, seed=seed)


@cache
def published_shapes(model: str) -> dict[str, Shape]:
    """Names and shapes of a published network."""
    with torch.device("meta"):
        return shapes_of(NaDiT(PUBLISHED[model]))


def normal(*shape: int, seed: int = 0) -> Tensor:
    """Normal numbers of a seed."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
