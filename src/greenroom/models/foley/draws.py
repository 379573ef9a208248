"""Where a sound begins: noise of a seed, drawn on the host, the same whatever device goes on from it.

The original draws from the device's own generator after whatever was drawn before, so its seeds cannot be followed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from torch import Tensor


def noise(seed: int, samples: int, channels: int, length: int) -> Tensor:
    """Normal numbers: float32 (samples, channels, length), on the host.

    Each sample has numbers of its own, so that it is the same however many are made beside it.
    """
    drawn = np.empty((samples, channels, length), np.float32)
    for sample, out in enumerate(drawn):
        generator = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, sample))))
        generator.standard_normal(dtype=np.float32, out=out)
    return torch.from_numpy(drawn)
