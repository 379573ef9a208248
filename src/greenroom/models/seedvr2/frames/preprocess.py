"""A clip as the autoencoder takes it: resized to what is wanted, cropped, in -1..1, and long enough.

Frames are (frames, height, width, 3).
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from torch.nn import functional

from greenroom.models.seedvr2.frames.sizes import MULTIPLE, Size

if TYPE_CHECKING:
    from torch import Tensor


def resized(source: Size, wanted: Size) -> Size:
    """The size of the same shape as ``source`` and of the area of ``wanted``."""
    scale = sqrt(wanted.height * wanted.width / (source.height * source.width))
    return Size(round(source.height * scale), round(source.width * scale))


def cropped(size: Size) -> Size:
    """The largest size within, of whole multiples."""
    return Size(size.height // MULTIPLE * MULTIPLE, size.width // MULTIPLE * MULTIPLE)


def resize(frames: Tensor, size: Size, *, white: float = 255.0) -> Tensor:
    """Frames of whole or real numbers from black, 0, to ``white``, to float32 in 0..1 of another size.

    Bicubic with half-pixel centres. Where it reduces, a pixel is the mean over what it covers; the same filter is used
    where it enlarges, as in the original.
    """
    planes = frames.movedim(-1, 1).float() / white
    made = functional.interpolate(planes, (size.height, size.width), mode="bicubic", antialias=True)
    return made.clamp_(0, 1).movedim(1, -1)


def crop(frames: Tensor, size: Size) -> Tensor:
    """The middle of frames. An odd pixel is left where it makes the offset even."""
    top, left = (
        round((have - want) / 2) for have, want in zip(frames.shape[1:3], (size.height, size.width), strict=True)
    )
    return frames[:, top : top + size.height, left : left + size.width]


def prepare(frames: Tensor, wanted: Size, *, white: float = 255.0) -> Tensor:
    """Frames as the encoder takes them: float32 in -1..1, of the area of ``wanted``, sides whole multiples.

    frames: from black, 0, to ``white``, on the device that computes. Any number at a time, since none sees another.
    """
    size = resized(Size(*frames.shape[1:3]), wanted)
    return crop(resize(frames, size, white=white), cropped(size)) * 2 - 1


def padded(frames: int, ranks: int = 1) -> list[int]:
    """Which frame stands at each place of a clip that is long enough: the last one is repeated to 4n + 1.

    ranks: among which the original divides time; n is a multiple of it, but for a single frame.
    """
    unit = 4 * ranks
    length = 1 if frames == 1 else max(unit, -(-(frames - 1) // unit) * unit) + 1
    return [min(place, frames - 1) for place in range(length)]
