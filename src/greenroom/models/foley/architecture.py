"""What a denoiser of the family is made of: the published sizes, and what follows from their few numbers."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

FAMILY = "HunyuanVideo-Foley"
"""For words."""

NORM_EPS = 1e-6
"""Of every norm before the single blocks, and of the output's."""

SINGLE_NORM_EPS = 1e-5
"""Of the layer norms of single blocks."""

SINGLE_HEAD_EPS = 2.0**-23
"""Of their norms of queries and keys: the spacing of float32 at 1."""

SYNC_GROUP = 8
"""Sync tokens of a segment of video, told apart by a learned vector each."""

TEXT_TOKENS = 77
"""As many of a text's tokens are seen; the rest is cut."""

LATENTS_PER_SECOND = 50
"""Of the audio's latent."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """One size of the denoiser.

    triple, single: blocks of each kind.  heads, head_dim: attention heads and their width.  latent: channels of the
    audio's latent.  visual_in, text_in, sync_in: widths of the features.  mlp_ratio: width of the MLP over that of the
    stream.
    """

    name: str
    triple: int
    single: int
    heads: int
    head_dim: int = 128
    latent: int = 128
    visual_in: int = 768
    text_in: int = 768
    sync_in: int = 768
    mlp_ratio: int = 4

    @property
    def width(self) -> int:
        """Of the streams."""
        return self.heads * self.head_dim

    @property
    def hidden(self) -> int:
        """The width within a triple block's MLP."""
        return self.width * self.mlp_ratio

    @property
    def gated(self) -> int:
        """The width within a gated MLP of convolutions: two thirds, since it has three matrices, in steps of 256."""
        return 256 * ceil(int(2 * self.hidden / 3) / 256)


_XL = Architecture(name="hunyuanvideo-foley-xl", triple=12, single=24, heads=11)
_XXL = Architecture(name="hunyuanvideo-foley-xxl", triple=18, single=36, heads=12)

# By the name that a recipe gives as its architecture.
PUBLISHED = {architecture.name: architecture for architecture in (_XL, _XXL)}
