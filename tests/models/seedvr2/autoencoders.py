"""An autoencoder of the family that is small enough for every test, and random in all of its weights."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from greenroom.models.seedvr2.vae.synthetic import TINY, synthetic_vae
from greenroom.models.seedvr2.vae.vae import VideoVAE
from tests.models.seedvr2.networks import normal


@cache
def tiny_vae(dtype: torch.dtype = torch.float32) -> VideoVAE:
    """One for all tests: nothing changes it."""
    return synthetic_vae(torch.device("cpu"), dtype, TINY)


def a_clip(frames: int, height: int = 16, width: int = 24) -> Tensor:
    """Pixels, (frames, height, width, 3)."""
    return normal(frames, height, width, 3).tanh()


def a_latent(frames: int, height: int = 2, width: int = 3) -> Tensor:
    """A latent, (frames, height, width, channels)."""
    return normal(frames, height, width, TINY.latent)
