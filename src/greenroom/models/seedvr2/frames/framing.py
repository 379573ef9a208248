"""From the frames of a source to those that the networks take, and back to those that are wanted.

The networks take sides that are multiples of 16. The original cuts off what is over; here, unless told so, the border
is repeated to the next multiple and cut off in the end, so that nothing of the picture is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from torch.nn import functional

from greenroom.models.seedvr2.frames.preprocess import crop, cropped, resize, resized

if TYPE_CHECKING:
    from torch import Tensor

    from greenroom.models.seedvr2.frames.sizes import Size


@dataclass(frozen=True, slots=True)
class Framing:
    """Sizes on the way.

    resized: what a frame of the source becomes.  kept: its middle, which is the result's size.  inner: what the
    networks take, ``kept`` or more.
    """

    resized: Size
    kept: Size
    inner: Size

    @classmethod
    def whole(cls, wanted: Size) -> Self:
        """All of the picture, in the size that is wanted."""
        return cls(wanted, wanted, wanted.inner)

    @classmethod
    def as_the_makers(cls, source: Size, area: Size) -> Self:
        """What the original makes of it: the shape of the source, of the area of ``area``, its middle in multiples."""
        size = resized(source, area)
        inner = cropped(size)
        return cls(size, inner, inner)

    def source(self, frames: Tensor, white: float) -> Tensor:
        """The source in the result's size: float32 (frames, height, width, 3) in -1..1, with colours as they should be.

        frames: (frames, height, width, 3), from black, 0, to ``white``, on the device that computes.
        """
        return crop(resize(frames, self.resized, white=white), self.kept) * 2 - 1

    def filled(self, frames: Tensor) -> Tensor:
        """Of ``source``, as the encoder takes it: the last row and column repeated."""
        below, beside = self.inner.height - self.kept.height, self.inner.width - self.kept.width
        if not below and not beside:
            return frames
        return functional.pad(frames.movedim(-1, 1), (0, beside, 0, below), mode="replicate").movedim(1, -1)

    def emptied(self, frames: Tensor) -> Tensor:
        """Frames of the decoder without what was filled up."""
        return frames[:, : self.kept.height, : self.kept.width]
