"""What a dancer is made of: the published sizes, and what follows from their few numbers."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

FAMILY = "SteadyDancer"
"""For words."""

NORM_EPS = 1e-6
"""Of every norm of the stream, and of queries and keys."""

PATCH = (1, 2, 2)
"""Latents of a token: in time, in height, in width."""

STRIDE = (4, 8, 8)
"""Pixels of a latent, likewise; the first latent of a clip is one frame alone."""

MASK = 4
"""Channels that say which frames of the latents beside them are given."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """One size of the denoiser.

    layers: blocks.  heads, head_dim: of attention.  hidden: width within a block's MLP.  sinusoids: of the time.
    text_in, text_tokens: width of a text's rows, and how many there are, zeros behind the last.  image_in,
    image_tokens: the same of what is seen in a picture.  latent: channels of the latents.
    """

    name: str
    layers: int = 40
    heads: int = 40
    head_dim: int = 128
    hidden: int = 13_824
    sinusoids: int = 256
    text_in: int = 4096
    text_tokens: int = 512
    image_in: int = 1280
    image_tokens: int = 257
    latent: int = 16

    @property
    def width(self) -> int:
        """Of the stream."""
        return self.heads * self.head_dim

    @property
    def pictured(self) -> int:
        """Channels of a noisy latent beside those of the picture, as the base model takes them."""
        return 2 * self.latent + MASK

    @property
    def fused(self) -> int:
        """Channels of the video: the same, the poses, and the poses as the noisy latents see them."""
        return self.pictured + 2 * self.latent

    @property
    def outputs(self) -> int:
        """Numbers that a token becomes in the end."""
        return self.latent * prod(PATCH)


_PUBLISHED = Architecture(name="steadydancer-14b")

# By the name that a recipe gives as its architecture.
PUBLISHED = {_PUBLISHED.name: _PUBLISHED}
