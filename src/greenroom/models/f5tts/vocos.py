"""Vocos: a log mel to sound by way of its spectrum (arXiv 2306.00814). State-dict names are the published ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.errors import UnknownName
from greenroom.nn.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOUDEST = 100.0  # magnitudes are cut here: the exponent of a stray value would be a bang
_QUIETEST = 1e-7  # of its own features; those of the flow model end at 1e-5
_EPS = 1e-6


@dataclass(frozen=True, slots=True)
class VocosConfig:
    """Sizes; the defaults are those of the published vocoder, of 24 kHz.

    mels: bands of the mel.  dim, inner, depth: width, width within a block, blocks.  n_fft, hop: samples of a spectrum
    and between two.  padding: what the frames' ends are; ``center`` gives (frames - 1) * hop samples, ``same`` gives
    frames * hop.
    """

    mels: int = 100
    dim: int = 512
    inner: int = 1536
    depth: int = 8
    n_fft: int = 1024
    hop: int = 256
    padding: Literal["center", "same"] = "center"

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> VocosConfig:
        """A configuration from published options. Raises UnknownName for one that there is not."""
        unknown = next((option for option in options if option not in _OPTIONS), None)
        if unknown is not None:
            raise UnknownName("option of Vocos", unknown, _OPTIONS)
        if options.get("padding", "center") not in ("center", "same"):
            raise UnknownName("padding", str(options["padding"]), ("center", "same"))
        return cls(**{_OPTIONS[option]: value for option, value in options.items()})


# A published option, and what it is called here.
_OPTIONS = {
    "n_mels": "mels",
    "dim": "dim",
    "intermediate_dim": "inner",
    "num_layers": "depth",
    "n_fft": "n_fft",
    "hop_length": "hop",
    "padding": "padding",
}


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution of 7, LayerNorm, Linear, GELU, Linear, a scale per channel, and the input added."""

    def __init__(self, config: VocosConfig) -> None:
        super().__init__()
        self.dwconv = nn.Conv1d(config.dim, config.dim, kernel_size=7, padding=3, groups=config.dim)
        self.norm = nn.LayerNorm(config.dim, eps=_EPS)
        self.pwconv1 = nn.Linear(config.dim, config.inner)
        self.pwconv2 = nn.Linear(config.inner, config.dim)
        self.gamma = nn.Parameter(torch.ones(config.dim))

    def forward(self, x: Tensor, own: Tensor | None = None) -> Tensor:
        """x: (batch, dim, frames).  own: bool (batch, 1, frames); other frames are zero to the convolution."""
        y = self.norm(self.dwconv(_kept(x, own)).transpose(1, 2))
        y = self.gamma * self.pwconv2(functional.gelu(self.pwconv1(y)))
        out: Tensor = x + y.transpose(1, 2)
        return out


class Backbone(nn.Module):
    """The mel as it stands, frame by frame, to features: nothing is scaled up before the spectrum."""

    def __init__(self, config: VocosConfig) -> None:
        super().__init__()
        self.embed = nn.Conv1d(config.mels, config.dim, kernel_size=7, padding=3)
        self.norm = nn.LayerNorm(config.dim, eps=_EPS)
        self.convnext = nn.ModuleList(ConvNeXtBlock(config) for _ in range(config.depth))
        self.final_layer_norm = nn.LayerNorm(config.dim, eps=_EPS)

    def forward(self, mel: Tensor, own: Tensor | None = None) -> Tensor:
        """mel: (batch, mels, frames).  own: bool (batch, 1, frames). Returns (batch, frames, dim)."""
        x = self.norm(self.embed(_kept(mel, own)).transpose(1, 2)).transpose(1, 2)
        for block in self.convnext:
            x = block(x, own)
        out: Tensor = self.final_layer_norm(x.transpose(1, 2))
        return out


class InverseSTFT(nn.Module):
    """Spectra to sound: overlapping windows added, divided by what the squared windows add up to."""

    window: Tensor

    def __init__(self, config: VocosConfig) -> None:
        super().__init__()
        self.n_fft, self.hop = config.n_fft, config.hop
        self.trim = config.n_fft // 2 if config.padding == "center" else (config.n_fft - config.hop) // 2
        self.register_buffer("window", table(lambda: torch.hann_window(config.n_fft), config.n_fft))

    def forward(self, spectrum: Tensor, own: Tensor | None = None) -> Tensor:
        """spectrum: complex (batch, n_fft / 2 + 1, frames).  own: bool (batch, 1, frames). Returns (batch, samples)."""
        frames = torch.fft.irfft(spectrum, self.n_fft, dim=1) * self.window[:, None]
        weights = self.window.square()[None, :, None].expand(
            frames.shape if own is not None else (1, *frames.shape[1:])
        )
        added, weight = self._added(_kept(frames, own)), self._added(_kept(weights, own))
        # Behind a padded row's end nothing is added up; the samples there are zero and nobody's.
        return added / weight.clamp(min=1e-11)

    def _added(self, frames: Tensor) -> Tensor:
        """frames: (batch, n_fft, frames), each ``hop`` samples after the one before. Returns (batch, samples)."""
        samples = (frames.shape[2] - 1) * self.hop + self.n_fft
        added = functional.fold(frames, (1, samples), kernel_size=(1, self.n_fft), stride=(1, self.hop))
        return added[:, 0, 0, self.trim : samples - self.trim]


class Head(nn.Module):
    """Features to magnitudes and phases, and these to sound."""

    def __init__(self, config: VocosConfig) -> None:
        super().__init__()
        self.out = nn.Linear(config.dim, config.n_fft + 2)
        self.istft = InverseSTFT(config)

    def forward(self, x: Tensor, own: Tensor | None = None) -> Tensor:
        """x: (batch, frames, dim).  own: bool (batch, 1, frames). Returns (batch, samples)."""
        log_magnitude, phase = self.out(x).transpose(1, 2).chunk(2, dim=1)
        spectrum = torch.polar(log_magnitude.exp().clamp(max=_LOUDEST), phase)
        out: Tensor = self.istft(spectrum, own)
        return out


class Spectrogram(nn.Module):
    """Magnitudes of the short-time Fourier transform."""

    window: Tensor

    def __init__(self, config: VocosConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("window", table(lambda: torch.hann_window(config.n_fft), config.n_fft))

    def forward(self, wave: Tensor) -> Tensor:
        """wave: (batch, samples). Returns (batch, n_fft / 2 + 1, frames)."""
        centred = self.config.padding == "center"
        side = (self.config.n_fft - self.config.hop) // 2
        wave = wave if centred else functional.pad(wave[:, None], (side, side), mode="reflect")[:, 0]
        spectrum = torch.stft(
            wave, self.config.n_fft, self.config.hop, window=self.window, center=centred, return_complex=True
        )
        return spectrum.abs()


class MelScale(nn.Module):
    """Bands of a mel scale, as the checkpoint has them."""

    fb: Tensor

    def __init__(self, config: VocosConfig) -> None:
        super().__init__()
        self.register_buffer("fb", torch.zeros(config.n_fft // 2 + 1, config.mels))

    def forward(self, magnitudes: Tensor) -> Tensor:
        """magnitudes: (batch, n_fft / 2 + 1, frames). Returns (batch, mels, frames)."""
        return self.fb.T @ magnitudes


class FeatureExtractor(nn.Module):
    """Vocos' own log mel. Not the flow model's, which ends at another floor."""

    def __init__(self, config: VocosConfig) -> None:
        super().__init__()
        self.mel_spec = nn.ModuleDict({"spectrogram": Spectrogram(config), "mel_scale": MelScale(config)})

    def forward(self, wave: Tensor) -> Tensor:
        """wave: (batch, samples). Returns (batch, mels, frames)."""
        mel: Tensor = self.mel_spec["mel_scale"](self.mel_spec["spectrogram"](wave))
        return mel.clamp(min=_QUIETEST).log()


class Vocos(nn.Module):
    """The vocoder. It runs in float32: its spectra span eight decades."""

    def __init__(self, config: VocosConfig | None = None) -> None:
        super().__init__()
        self.config = config or VocosConfig()
        self.feature_extractor = FeatureExtractor(self.config)
        self.backbone = Backbone(self.config)
        self.head = Head(self.config)

    def decode(self, mel: Tensor, frames: Tensor | None = None) -> Tensor:
        """A log mel to sound.

        mel: (batch, mels, frames).  frames: int64 (batch,), of each row where they differ; a row's samples are then
        those of its own frames, and what is behind them is nobody's.  Returns (batch, samples) in [-1, 1] or a little
        more; see ``VocosConfig.padding`` for how many.
        """
        own = None
        if frames is not None:
            own = (torch.arange(mel.shape[2], device=mel.device) < frames.to(mel.device)[:, None])[:, None]
        out: Tensor = self(mel, own)
        return out

    def forward(self, mel: Tensor, own: Tensor | None = None) -> Tensor:
        """mel: (batch, mels, frames).  own: bool (batch, 1, frames). Returns (batch, samples)."""
        out: Tensor = self.head(self.backbone(mel, own), own)
        return out


def _kept(x: Tensor, own: Tensor | None) -> Tensor:
    return x if own is None else x.masked_fill(~own, 0.0)
