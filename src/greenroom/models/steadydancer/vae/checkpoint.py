"""The published autoencoder into a network: strictly, by its own names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from greenroom.models.steadydancer.dancer.recognising import recognise
from greenroom.models.steadydancer.vae.vae import WanVae
from greenroom.weights.fitting import check_fit, shapes_of
from greenroom.weights.loading import read_weights
from greenroom.weights.reading import open_weights

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.models.steadydancer.vae.config import WanVaeConfig

NETWORK = "the VAE of Wan2.1"


def load_vae(
    path: Path,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
    *,
    config: WanVaeConfig | None = None,
) -> WanVae:
    """Load an autoencoder, strictly, onto a device.

    dtype: that convolutions take; where it is None, ``usual_dtype``.
    The weights are read in float32, as which the published ones take 0.5 GB of the device for the moment.
    Raises WeightsUnreadable, WeightsUnfit.
    """
    with torch.device("meta"):
        wanted = shapes_of(WanVae(config))
    weights = open_weights(path)
    recognised = recognise({name: tensor.shape for name, tensor in weights.tensors.items()}, ())
    check_fit(weights.name, NETWORK, wanted, weights.tensors, recognised="" if recognised == NETWORK else recognised)
    tensors = read_weights(weights, {name: name for name in wanted}, device, torch.float32)
    return WanVae.of(tensors, config, dtype or usual_dtype(device))


def usual_dtype(device: torch.device | str) -> torch.dtype:
    """float16 on a GPU, with room for large numbers (``headroom.py``), and float32 elsewhere."""
    return torch.float16 if torch.device(device).type == "cuda" else torch.float32
