"""Pictures in the sizes that encoders take: two resizes, each of which has to be the one that the model learned with.

A pose is first brought to the size of the reference picture, as Pillow's bicubic filter does it, in whole numbers of
eight bits and smoothed where it gets smaller. Everything is then brought to the size of the video, not smoothed: a
sharper and less faithful picture, which the model has always been shown.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from greenroom.models.steadydancer.conditions.sizes import Size

# Pillow's whole numbers for the shares of pixels: 22 bits behind the point.
_ONE = 1 << 22
_REACH = 2.0
_BEND = -0.5  # of the cubic (Keys 1981)


def pixels(picture: Tensor) -> Tensor:
    """Whole numbers from 0 to 255 to float32 in -1..1. picture: uint8 (height, width, 3).

    Returns (3, height, width).
    """
    return picture.permute(2, 0, 1).float().div_(255).sub_(0.5).div_(0.5)


def brought_to(picture: Tensor, size: Size) -> Tensor:
    """A picture in the size of the video, whatever shape it had. picture: float32 (3, height, width), in -1..1, which
    the result may leave a little."""
    return functional.interpolate(picture[None], (size.height, size.width), mode="bicubic", align_corners=False)[0]


def like_pillow(picture: Tensor, height: int, width: int) -> Tensor:
    """A picture in another size, equal to the last bit to what Pillow's bicubic filter makes of it.

    picture: uint8 (height, width, 3), on any device. It is rounded between its two directions, so their order counts:
    across and then down, as in Pillow 11; 13 has it the other way round where a picture gets wider and lower.
    """
    across = picture if picture.shape[1] == width else _resampled(picture.transpose(0, 1), width).transpose(0, 1)
    return (across if across.shape[0] == height else _resampled(across, height)).contiguous()


def _resampled(picture: Tensor, length: int) -> Tensor:
    """Along the first dimension. In whole numbers of 32 bits, which hold every sum."""
    places, shares = _taps(picture.shape[0], length)
    rows = picture.to(torch.int32, memory_format=torch.contiguous_format)
    total = torch.full((length, *picture.shape[1:]), _ONE // 2, dtype=torch.int32, device=picture.device)
    for place, share in zip(places.T, shares.T, strict=True):
        own = torch.from_numpy(share).to(picture.device)[:, None, None]
        total.addcmul_(rows.index_select(0, torch.from_numpy(place).to(picture.device)), own)
    return total.div_(_ONE, rounding_mode="floor").clamp_(0, 255).to(torch.uint8)


@lru_cache(maxsize=16)  # some sizes of a clip; a server sees pictures of ever more
def _taps(there: int, wanted: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Which pixels a pixel is made of, and their shares: (wanted, taps)."""
    scale = there / wanted
    wide = max(scale, 1.0)
    reach = _REACH * wide
    centres = (np.arange(wanted) + 0.5) * scale
    first = np.maximum((centres - reach + 0.5).astype(np.int64), 0)
    last = np.minimum((centres + reach + 0.5).astype(np.int64), there)
    places = first[:, None] + np.arange(int((last - first).max()))
    weights = _cubic((places - centres[:, None] + 0.5) * (1 / wide))
    weights[places >= last[:, None]] = 0
    weights /= weights.sum(1, keepdims=True)
    shares = np.trunc(weights * _ONE + np.copysign(0.5, weights)).astype(np.int32)
    return np.minimum(places, there - 1), np.ascontiguousarray(shares)


def _cubic(at: NDArray[np.float64]) -> NDArray[np.float64]:
    away = np.abs(at)
    near = ((_BEND + 2) * away - (_BEND + 3)) * away * away + 1
    far = (((away - 5) * away + 8) * away - 4) * _BEND
    return np.where(away < 1, near, np.where(away < _REACH, far, 0.0))
