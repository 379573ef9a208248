"""Where a video begins: noise of a seed.

Drawn on the host it is the same whatever device goes on from it, and a longer clip begins as a shorter one does. The
original draws it on its GPU, with torch's generator: only there are seeds followed that were told of with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import torch

from greenroom.errors import InputInvalid, UnknownName

if TYPE_CHECKING:
    from torch import Tensor

NoiseSource = Literal["cpu", "gpu"]
"""Who draws: the host, or the GPU as the original does."""

CHANNELS = 16
"""Of a latent."""


def draw(seed: int, frames: int, height: int, width: int, device: torch.device, source: NoiseSource = "cpu") -> Tensor:
    """Normal numbers for a clip: float32 (16, frames, height, width), on the device.

    frames, height, width: in latents. Raises InputInvalid, UnknownName.
    """
    if source not in get_args(NoiseSource):
        raise UnknownName("source of noise", source, get_args(NoiseSource))
    shape = CHANNELS, frames, height, width
    if source == "cpu":
        return _on_host(seed, shape).to(device)
    if device.type != "cuda":
        raise InputInvalid(f"noise of a GPU is asked for on {device}", mend='draw it on the host: noise "cpu"')
    generator = torch.Generator(device).manual_seed(seed)
    return torch.randn(shape, generator=generator, device=device, dtype=torch.float32)


def _on_host(seed: int, shape: tuple[int, int, int, int]) -> Tensor:
    """Philox, of a key for each latent frame."""
    channels, frames, height, width = shape
    drawn = np.empty((frames, channels, height, width), np.float32)
    for frame, out in enumerate(drawn):
        generator = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, frame))))
        generator.standard_normal(dtype=np.float32, out=out)
    return torch.from_numpy(drawn).transpose(0, 1).contiguous()
