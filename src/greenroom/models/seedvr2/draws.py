"""Random numbers of a shot, the same whatever device restores it and however it is cut.

Each latent frame has numbers of its own, from (seed, shot, frame), drawn on the host.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
import torch

if TYPE_CHECKING:
    from torch import Tensor

Purpose = Literal["posterior", "noise"]
"""What is drawn, in the original's order: from the encoder's distribution, and where the diffusion begins."""

_PURPOSES: tuple[Purpose, ...] = ("posterior", "noise")
_FRAMES = 4  # of a latent frame


class Draws(Protocol):
    """Normal numbers for a shot."""

    def normal(self, purpose: Purpose, first: int, shape: tuple[int, int, int, int]) -> Tensor:
        """Float32, on the host. first: the frame of the shot at which they begin.  shape: of a latent, time first."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """Draws of a seed. shot: its number in the clip."""

    seed: int
    shot: int = 0

    def normal(self, purpose: Purpose, first: int, shape: tuple[int, int, int, int]) -> Tensor:
        """See ``Draws``."""
        drawn = np.empty(shape, np.float32)
        for place in range(shape[0]):
            key = (self.seed, self.shot, _PURPOSES.index(purpose), first + _FRAMES * place)
            numbers = np.random.Generator(np.random.Philox(np.random.SeedSequence(key)))
            numbers.standard_normal(dtype=np.float32, out=drawn[place])
        return torch.from_numpy(drawn)
