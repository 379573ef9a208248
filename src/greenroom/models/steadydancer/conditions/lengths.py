"""How long a video is: pictures in groups of four behind the first, each group a latent."""

from __future__ import annotations

from greenroom.errors import InputInvalid
from greenroom.models.steadydancer.architecture import STRIDE

RATE = 16
"""Pictures a second, which the model learned."""

LEAST = 5
"""Pictures: one that is given, and one group that moves."""

_GROUP = STRIDE[0]


def latents_of(pictures: int) -> int:
    """Latents of a video. Raises InputInvalid where pictures are not 4n + 1."""
    if pictures < LEAST or pictures != longest(pictures):
        raise InputInvalid(
            f"{pictures} frames are asked for, and a video has one and a multiple of four",
            mend=f"the nearest below is {longest(pictures)}" if pictures >= LEAST else f"the least is {LEAST}",
        )
    return (pictures - 1) // _GROUP + 1


def longest(pictures: int) -> int:
    """The longest video of no more pictures: 4n + 1."""
    return (pictures - 1) // _GROUP * _GROUP + 1


def pictures_of(latents: int) -> int:
    """Pictures of a video of so many latents."""
    return (latents - 1) * _GROUP + 1
