"""DAC-VAE: sound to latents and back by convolutions alone, after the Descript audio codec (arXiv 2306.06546).

State-dict names are the published ones, but that a normed weight is one and not two parts: see ``checkpoint``.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.models.foley.dac.config import DILATIONS, KERNEL, DacConfig
from greenroom.nn.snake import snake

_LOG_VARIANCES = (-30.0, 20.0)


class Snake(nn.Module):
    """x + sin(alpha x)² / alpha, with an alpha per channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(1, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """x: (batch, channels, steps)."""
        return snake(x, self.alpha)


class ResidualUnit(nn.Module):
    """Snake, dilated convolution, snake, convolution of 1, and the input added."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            Snake(channels),
            nn.Conv1d(channels, channels, KERNEL, dilation=dilation, padding=KERNEL // 2 * dilation),
            Snake(channels),
            nn.Conv1d(channels, channels, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """x: (batch, channels, steps)."""
        out: Tensor = self.block(x)
        return out.add_(x)


class Down(nn.Module):
    """Residual units, then twice the channels in ``stride`` times fewer steps."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            *(ResidualUnit(channels, dilation) for dilation in DILATIONS),
            Snake(channels),
            nn.Conv1d(channels, 2 * channels, 2 * stride, stride, padding=ceil(stride / 2)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """x: (batch, channels, steps), steps a multiple of the stride."""
        out: Tensor = self.block(x)
        return out


class Up(nn.Module):
    """Half the channels in ``stride`` times more steps, then residual units."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        half = channels // 2
        self.block = nn.Sequential(
            Snake(channels),
            # An odd stride would come out a step short.
            nn.ConvTranspose1d(channels, half, 2 * stride, stride, padding=ceil(stride / 2), output_padding=stride % 2),
            *(ResidualUnit(half, dilation) for dilation in DILATIONS),
        )

    def forward(self, x: Tensor) -> Tensor:
        """x: (batch, channels, steps)."""
        out: Tensor = self.block(x)
        return out


class Encoder(nn.Module):
    """Sound to what the latents' distribution is made of."""

    def __init__(self, config: DacConfig) -> None:
        super().__init__()
        widths = [config.encoder_dim << level for level in range(len(config.encoder_rates) + 1)]
        self.block = nn.Sequential(
            nn.Conv1d(1, widths[0], KERNEL, padding=KERNEL // 2),
            *(Down(width, stride) for width, stride in zip(widths[:-1], config.encoder_rates, strict=True)),
            Snake(widths[-1]),
            nn.Conv1d(widths[-1], config.latent, 3, padding=1),
        )

    def forward(self, wave: Tensor) -> Tensor:
        """wave: (batch, 1, samples), samples a multiple of the hop. Returns (batch, latent, latents)."""
        out: Tensor = self.block(wave)
        return out


class Decoder(nn.Module):
    """Latents to sound."""

    def __init__(self, config: DacConfig) -> None:
        super().__init__()
        widths = [config.decoder_dim >> level for level in range(len(config.decoder_rates) + 1)]
        self.model = nn.Sequential(
            nn.Conv1d(config.latent, widths[0], KERNEL, padding=KERNEL // 2),
            *(Up(width, stride) for width, stride in zip(widths[:-1], config.decoder_rates, strict=True)),
            Snake(widths[-1]),
            nn.Conv1d(widths[-1], 1, KERNEL, padding=KERNEL // 2),
            nn.Tanh(),
        )

    def forward(self, latents: Tensor) -> Tensor:
        """latents: (batch, latent, latents). Returns (batch, 1, latents * hop)."""
        out: Tensor = self.model(latents)
        return out


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """The normal distribution that the encoder gives for latents. mean, log_variance: each of their shape."""

    mean: Tensor
    log_variance: Tensor

    @property
    def deviation(self) -> Tensor:
        """The standard deviation."""
        return torch.exp(0.5 * self.log_variance)


class DacVAE(nn.Module):
    """The autoencoder. It runs in float32, as the original does; on a GPU, torch lets cuDNN multiply in TF32.

    encoder: have that half too, four fifths of all weights. Making sound of latents needs only the other.
    """

    def __init__(self, config: DacConfig | None = None, *, encoder: bool = False) -> None:
        super().__init__()
        self.config = config or DacConfig()
        latent = self.config.latent
        if encoder:
            self.encoder = Encoder(self.config)
            self.quant_conv = nn.Conv1d(latent, 2 * latent, 1)
        self.post_quant_conv = nn.Conv1d(latent, latent, 1)
        self.decoder = Decoder(self.config)

    def decode(self, latents: Tensor) -> Tensor:
        """Latents, as the sampler leaves them, to sound.

        latents: (batch, latent, latents). Returns (batch, 1, latents * hop), in (-1, 1). Long ones: ``pieces``.
        """
        out: Tensor = self.decoder(self.post_quant_conv(latents))
        return out

    def encode(self, wave: Tensor) -> Posterior:
        """Sound to latents; the network was made with its encoder.

        wave: (batch, 1, samples). The last latent's missing samples are silence. Returns (batch, latent, latents) each.
        """
        mean, log_variance = self.quant_conv(self.encoder(self.padded(wave))).chunk(2, dim=1)
        return Posterior(mean, log_variance.clamp(*_LOG_VARIANCES))

    def padded(self, wave: Tensor) -> Tensor:
        """Sound with silence behind it, up to a whole number of latents. wave: (..., samples)."""
        return functional.pad(wave, (0, -wave.shape[-1] % self.config.hop))
