"""What the video autoencoder is made of, and what follows from its few numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenroom.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class VAEConfig:
    """Sizes; the defaults are those of the published ``ema_vae``: 8 x 8 in space, 4 in time, 16 channels.

    widths: channels of each level, the finest first.  layers: residual blocks of a level of the encoder; the decoder
    has one more.  latent: channels of a latent.  groups: of every norm.  timed: so many of the coarsest steps between
    levels halve time besides space.  scale: what latents are multiplied by for the transformer.
    """

    widths: tuple[int, ...] = (128, 256, 512, 512)
    layers: int = 2
    latent: int = 16
    groups: int = 32
    timed: int = 2
    scale: float = 0.9152

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> VAEConfig:
        """A configuration from published options. Raises UnknownName for one that there is not."""
        unknown = next((option for option in options if option not in _OPTIONS), None)
        if unknown is not None:
            raise UnknownName("option of the autoencoder", unknown, _OPTIONS)
        given = {_OPTIONS[option]: value for option, value in options.items()}
        if "widths" in given:
            given["widths"] = tuple(given["widths"])
        return cls(**given)

    @property
    def space(self) -> int:
        """Pixels of a latent cell's side."""
        return 1 << (len(self.widths) - 1)

    @property
    def time(self) -> int:
        """Frames of a latent frame. The first latent frame is one frame alone."""
        return 1 << self.timed

    @property
    def untimed(self) -> int:
        """So many of the finest levels have a latent of their own for every frame."""
        return len(self.widths) - 1 - self.timed

    def latent_frames(self, frames: int) -> int:
        """Of a clip of 4n + 1 frames."""
        return (frames - 1) // self.time + 1

    def frames(self, latent_frames: int) -> int:
        """That so many latent frames are decoded to, from the beginning of a clip."""
        return (latent_frames - 1) * self.time + 1


# A published option, and what it is called here.
_OPTIONS = {
    "block_out_channels": "widths",
    "layers_per_block": "layers",
    "latent_channels": "latent",
    "norm_num_groups": "groups",
    "temporal_scale_num": "timed",
    "scaling_factor": "scale",
}
