"""What the model hears of a recording: samples at 24 kHz, then a spectrogram of mel bands, log-scaled.

Two front ends exist, told apart by the vocoder that belongs to them; each is what its published checkpoints were
trained with. All is done in float32.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from greenroom.errors import InputInvalid

_FLOOR = 1e-5
"""Quieter bands are taken as this loud before the logarithm."""


class RecordingTooShort(InputInvalid):
    """A recording is shorter than the window of the spectrogram needs."""

    code = "recording-too-short"


@dataclass(frozen=True, slots=True)
class MelSpec:
    """A mel front end. rate: samples a second.  window, hop: in samples.  bands: mel bands from 0 to half the rate."""

    kind: Literal["vocos", "bigvgan"] = "vocos"
    rate: int = 24_000
    n_fft: int = 1024
    window: int = 1024
    hop: int = 256
    bands: int = 100


PUBLISHED = MelSpec()
"""The front end of every published checkpoint but one, which is of the kind bigvgan."""


def log_mel(wave: Tensor, spec: MelSpec = PUBLISHED) -> Tensor:
    """The log mel spectrogram of a wave, shape (..., n) to (..., bands, frames), float32, natural logarithm.

    vocos: n // hop + 1 frames, each around its sample.  bigvgan: n // hop frames for the usual lengths.
    Raises RecordingTooShort.
    """
    padding = spec.n_fft // 2 if spec.kind == "vocos" else (spec.n_fft - spec.hop) // 2
    samples = wave.shape[-1]
    if samples <= padding:
        raise RecordingTooShort(
            f"the recording has {samples} samples, {1000 * samples / spec.rate:.0f} ms; more than {padding} are needed",
            mend="give a recording of 3 to 12 seconds",
        )
    rows = functional.pad(wave.float().reshape(1, -1, samples), (padding, padding), mode="reflect")[0]
    spectrum = torch.stft(
        rows,
        spec.n_fft,
        hop_length=spec.hop,
        win_length=spec.window,
        window=torch.hann_window(spec.window, device=wave.device),
        center=False,
        return_complex=True,
    )
    if spec.kind == "vocos":
        magnitude = spectrum.abs()
        filters = htk_filters(spec.rate, spec.n_fft, spec.bands)
    else:
        magnitude = (spectrum.real.square() + spectrum.imag.square() + 1e-9).sqrt()
        filters = slaney_filters(spec.rate, spec.n_fft, spec.bands)
    mel = filters.to(wave.device).T @ magnitude  # (rows, bands, frames)
    return mel.clamp(min=_FLOOR).log().reshape(*wave.shape[:-1], spec.bands, -1)


@lru_cache(maxsize=8)
def htk_filters(rate: int, n_fft: int, bands: int) -> Tensor:
    """Triangles on the HTK mel scale, all of height one; shape (n_fft // 2 + 1, bands), float32.

    mel = 2595 log10(1 + f / 700). Source: S. Young and others, The HTK Book, section 5.4.
    """
    top = 2595.0 * math.log10(1.0 + rate / 2 / 700.0)
    # In float32 from the start, as the published filters are made: equal to the last bit.
    mels = torch.linspace(0.0, top, bands + 2)
    corners = 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    return _triangles(corners, rate, n_fft)


@lru_cache(maxsize=8)
def slaney_filters(rate: int, n_fft: int, bands: int) -> Tensor:
    """Triangles on Slaney's mel scale, all of one area; shape (n_fft // 2 + 1, bands), float32.

    Below 1 kHz 3 mel are 200 Hz; above it, 27 mel are a factor of 6.4. Source: M. Slaney, Auditory Toolbox (1998).
    """
    bend_hz, bend, per_factor = 1000.0, 15.0, 27.0 / math.log(6.4)
    half = rate / 2
    top = half * 3 / 200 if half < bend_hz else bend + math.log(half / bend_hz) * per_factor
    mels = torch.linspace(0.0, top, bands + 2, dtype=torch.float64)
    corners = torch.where(mels < bend, mels * 200 / 3, bend_hz * torch.exp((mels - bend) / per_factor))
    return (_triangles(corners, rate, n_fft) * (2.0 / (corners[2:] - corners[:-2]))).float()


def _triangles(corners: Tensor, rate: int, n_fft: int) -> Tensor:
    """Filters that rise from each corner to the next and fall to the one after it, at the frequencies of an FFT."""
    frequencies = torch.linspace(0.0, rate / 2, n_fft // 2 + 1, dtype=corners.dtype)[:, None]
    widths = corners.diff()
    rising = (frequencies - corners[:-2]) / widths[:-1]
    falling = (corners[2:] - frequencies) / widths[1:]
    return torch.minimum(rising, falling).clamp(min=0.0)


_ZEROS = 6
"""Zero crossings of the sinc on either side."""

_ROLL_OFF = 0.99
"""Where the low pass ends, as a share of the lower of the two half rates."""

_BLOCK = 1 << 15
"""New samples that are made at a time; bounds the memory."""


def resample(wave: Tensor, rate: int, new_rate: int = PUBLISHED.rate) -> Tensor:
    """A wave at another rate, shape (..., n) to (..., ceil(n new_rate / rate)), float32.

    A sinc of six zero crossings under a Hann window, as torchaudio's default. Any two rates take the same memory.
    Source: J. O. Smith, Digital Audio Resampling (https://ccrma.stanford.edu/~jos/resample/).
    """
    if rate == new_rate:
        return wave.float()
    divisor = math.gcd(rate, new_rate)
    old, new = rate // divisor, new_rate // divisor
    samples = wave.shape[-1]
    count = -(-samples * new // old)
    reach = math.ceil(_ZEROS * max(old / new, 1.0) / _ROLL_OFF)  # old samples on either side that are heard
    rows = functional.pad(wave.float().reshape(-1, samples), (reach, reach + 1))
    windows = rows.unfold(-1, 2 * reach + 1, 1)  # (rows, n + 1, taps), a view
    made = [
        torch.einsum("rnt,nt->rn", windows[:, places // new], _weights(places % new, old, new, reach).to(wave.device))
        for places in (torch.arange(start, min(start + _BLOCK, count)) * old for start in range(0, count, _BLOCK))
    ]
    return torch.cat(made, dim=-1).reshape(*wave.shape[:-1], count)


def _weights(phases: Tensor, old: int, new: int, reach: int) -> Tensor:
    """Weights of the old samples around each new one, which lies phase / new behind the middle one; float32."""
    kinds, which = torch.unique(phases, return_inverse=True)
    distances = torch.arange(-reach, reach + 1) - kinds[:, None].double() / new
    scale = min(new / old, 1.0) * _ROLL_OFF
    crossings = (distances * scale).clamp(-_ZEROS, _ZEROS)
    weights = torch.sinc(crossings) * torch.cos(crossings * (math.pi / 2 / _ZEROS)).square() * scale
    return weights.float()[which]
