"""How large a result is: from a height, a scale or the source's own size, in pixels that can be written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.errors import InputInvalid

if TYPE_CHECKING:
    from greenroom.recipes.inputs.seedvr2 import RestoreInputs

MULTIPLE = 16
"""Of a side in pixels: a latent cell has 8, and a token two cells."""

MOST = 16_384
"""Pixels of a side: h264, av1 and WebP hold no more."""


class SizeImpossible(InputInvalid):
    """A result would be larger than a file can be, or have no pixels."""

    code = "size-impossible"


@dataclass(frozen=True, slots=True)
class Size:
    """Pixels of a frame."""

    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def inner(self) -> Size:
        """What the networks take: sides that are multiples."""
        return Size(*(-(-side // MULTIPLE) * MULTIPLE for side in (self.height, self.width)))


@dataclass(frozen=True, slots=True)
class Steps:
    """What sides are multiples of, where colour is kept for two pixels together."""

    height: int = 1
    width: int = 1


def wanted_size(source: Size, inputs: RestoreInputs, steps: Steps) -> tuple[Size, tuple[str, ...]]:
    """The size of the result, of the shape of the source, and what is to be said of it. Raises SizeImpossible.

    steps: sides that the encoding can have; a side between two is rounded, and said.
    """
    if inputs.height is not None:
        exact = (float(inputs.height), source.width * inputs.height / source.height)
    else:
        scale = inputs.scale or 1.0
        exact = (source.height * scale, source.width * scale)
    free = Size(*(max(1, round(side)) for side in exact))
    size = Size(
        *(max(step, round(side / step) * step) for side, step in zip(exact, (steps.height, steps.width), strict=True))
    )
    if max(size.height, size.width) > MOST:
        raise SizeImpossible(
            f"{source} would become {size}, and no codec here holds more than {MOST:,} pixels a side",
            mend="choose a smaller height or scale",
        )
    if size == free:
        return size, ()
    return size, (f"{free} became {size}: the encoding keeps colour for two pixels together, and has no odd sides",)
