"""What the transformer is given: noise, beside it the latent that is to be restored, and a mask of ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from greenroom.models.seedvr2.nadit.schedule import LAST_TIME, diffused

if TYPE_CHECKING:
    from torch import Tensor

    from greenroom.models.seedvr2.nadit.windows import Grid

# Two sizes and the shift at each, between which a line is drawn: pixels of a picture, pixels of a clip.
_PICTURE = (256 * 256, 1.0), (1024 * 1024, 3.2)
_CLIP = (256 * 256 * 37, 1.0), (1280 * 720 * 145, 5.0)
_PIXELS, _FRAMES = 8, 4  # of one latent cell


def condition(latent: Tensor, noise: Tensor | None = None, time: float = 0.0) -> Tensor:
    """The latent, and a channel of ones behind it.

    latent: (time, height, width, channels).  noise: of the same shape; with it, the latent is taken along the
    diffusion's path to a time. SeedVR2 does not do that; the first SeedVR did, to ``shifted(latent size, 100)``.
    """
    held = latent if noise is None else diffused(latent, noise, time)
    return torch.cat((held, torch.ones_like(held[..., :1])), dim=-1)


def model_input(noise: Tensor, conditioned: Tensor) -> Tensor:
    """Noise, (time, height, width, channels), and ``condition``'s answer behind it, channel after channel."""
    return torch.cat((noise, conditioned), dim=-1)


def shifted(size: Grid, time: float) -> float:
    """A time moved towards the noise, the further the larger a clip is (arXiv 2403.03206, 5.3.2).

    size: latent frames, height and width.  The makers' script gives (height, width, channels) in their place.
    """
    frames, height, width = (size[0] - 1) * _FRAMES + 1, size[1] * _PIXELS, size[2] * _PIXELS
    (first, low), (second, high) = _CLIP if frames > 1 else _PICTURE
    amount = frames * height * width
    shift = low + (amount - first) * (high - low) / (second - first)
    unit = time / LAST_TIME
    return LAST_TIME * shift * unit / (1 + (shift - 1) * unit)
