"""Invented visual encoders: a file in the layout of the published one, and a network made where it runs.

See ``greenroom.weights.synthesise`` for the values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from greenroom.models.foley.recognising import VISUAL
from greenroom.models.foley.synchformer.checkpoint import OTHER_PARTS, UNUSED
from greenroom.models.foley.synchformer.encoder import PATCH, Synchformer, SynchformerConfig
from greenroom.weights.fitting import shapes_of
from greenroom.weights.synthesise import synthesise_on, write_torch

if TYPE_CHECKING:
    from pathlib import Path

TINY = SynchformerConfig(width=16, depth=1, heads=2)
"""Small enough for every test; its frames are as large as published."""


def synthetic_synchformer(
    device: torch.device, dtype: torch.dtype, config: SynchformerConfig | None = None, *, seed: int = 0
) -> Synchformer:
    """A visual encoder of random weights, drawn on its device and in its precision: nothing is written or copied."""
    with torch.device("meta"):
        network = Synchformer(config)
    network.load_state_dict(dict(synthesise_on(device, shapes_of(network), seed, dtype)), assign=True)
    return network.eval().requires_grad_(False)


def synthesise_synchformer(path: Path, config: SynchformerConfig | None = None, seed: int = 0) -> None:
    """Write a torch file with a visual encoder's random weights, and a tensor of each other part.

    Raises OutputUnwritable.
    """
    with torch.device("meta"):
        network = Synchformer(config)
    width = network.config.width
    shapes = {f"{VISUAL}{name}": shape for name, shape in shapes_of(network).items()}
    shapes |= dict(zip(UNUSED, ((width, 3, PATCH, PATCH), (width,)), strict=True))
    shapes |= {f"{part}weight": (width, width) for part in OTHER_PARTS}
    write_torch(path, shapes, seed, {})
