"""What a transformer of the family is made of: the published variants, and what follows from their few numbers."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Literal

from greenroom.errors import InputInvalid

FAMILY = "SeedVR2"
"""For words."""

Design = Literal["dit_v2", "dit"]
"""The two networks of the family, by the names that the makers gave them: of the 3B and of the 7B."""

PATCH = 2
"""Rows, and columns, of the latent that make one token. In time a token is one latent frame."""

NORM_EPS = 1e-5
"""Of every root mean square norm here."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """One variant of the transformer.

    heads, head_dim: attention heads and their width.  layers: blocks.  own_text: so many of the first blocks have
    weights of their own for the text; in the rest text and video share one set.  text_in: width of the text embedding.
    latent: channels of the latent.  mlp_ratio: the width of the MLP over that of the stream, before it is rounded.
    """

    name: str
    design: Design
    heads: int
    layers: int
    own_text: int
    head_dim: int = 128
    text_in: int = 5120
    latent: int = 16
    mlp_ratio: int = 4

    def __post_init__(self) -> None:
        if self.design == "dit_v2" and self.own_text >= self.layers:
            raise InputInvalid(
                f"{self.name}: {self.own_text} of {self.layers} blocks have text weights of their own",
                mend="the last block of a dit_v2 shares them: give one less",
            )

    @property
    def width(self) -> int:
        """Of the stream, for video and text alike."""
        return self.heads * self.head_dim

    @property
    def channels_in(self) -> int:
        """Of each latent cell: noise, condition and the mask."""
        return 2 * self.latent + 1

    @property
    def hidden(self) -> int:
        """The width within the MLP. SwiGLU has two thirds of it, in steps of 256, since it has three matrices."""
        if self.design == "dit":
            return self.width * self.mlp_ratio
        return 256 * ceil(int(2 * self.width * self.mlp_ratio / 3) / 256)

    def has_own_text(self, layer: int) -> bool:
        """Whether a block has weights of its own for the text."""
        return layer < self.own_text

    def modulates_text(self, layer: int) -> bool:
        """Whether the text is modulated before a block's attention. The 3B's last one takes it as it is normed."""
        return self.design == "dit" or layer < self.layers - 1


_3B = Architecture(name="seedvr2-3b", design="dit_v2", heads=20, layers=32, own_text=10)
_7B = Architecture(name="seedvr2-7b", design="dit", heads=24, layers=36, own_text=36)

# By the name that a recipe gives as its architecture.
PUBLISHED = {architecture.name: architecture for architecture in (_3B, _7B)}
