"""The causal video autoencoder of SeedVR2: pixels to latents and back, whole or slice by slice (``streaming.py``).

Frames and latents are (frames, height, width, channels) of one clip.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn

from greenroom.models.seedvr2.vae.config import VAEConfig
from greenroom.models.seedvr2.vae.decoder import Decoder
from greenroom.models.seedvr2.vae.encoder import Encoder
from greenroom.models.seedvr2.vae.upsample import Upsample

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOG_VARIANCES = (-30.0, 20.0)


class VideoVAE(nn.Module):
    """Encoder and decoder, by the names of published checkpoints."""

    def __init__(self, config: VAEConfig | None = None) -> None:
        super().__init__()
        self.config = config or VAEConfig()
        self.encoder = Encoder(self.config)
        self.decoder = Decoder(self.config)

    @classmethod
    def of(
        cls, weights: Mapping[str, Tensor], config: VAEConfig | None = None, dtype: torch.dtype = torch.float32
    ) -> Self:
        """An autoencoder of weights, on their device.

        weights: best in float32, since some are products of others.  dtype: to compute in; norms and biases stay as
        given.
        """
        with torch.device("meta"):
            vae = cls(config)
        vae.load_state_dict(dict(weights), assign=True)
        vae.eval().requires_grad_(False)
        for module in vae.modules():
            if isinstance(module, Upsample):
                module.compose(dtype)
        for module in vae.modules():
            if isinstance(module, nn.Linear):
                module.to(dtype)
            elif (weight := getattr(module, "weight", None)) is not None and weight.ndim == 5:
                weight.data = weight.data.to(dtype, memory_format=torch.channels_last_3d)
        return vae

    @property
    def dtype(self) -> torch.dtype:
        """The type that is computed in."""
        return self.decoder.conv_in.weight.dtype

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.decoder.conv_in.weight.device


def posterior(moments: Tensor, config: VAEConfig, noise: Tensor | None = None) -> Tensor:
    """A latent for the transformer from what the encoder says.

    moments: (frames, height, width, 2 * latent), the mean and the logarithm of the variance.  noise: normal numbers,
    (frames, height, width, latent), with which the original draws from the distribution; None for its mean.
    """
    mean, log_variance = moments.chunk(2, dim=-1)
    if noise is not None:
        mean = mean + torch.exp(0.5 * log_variance.clamp(*_LOG_VARIANCES)) * noise
    return mean * config.scale
