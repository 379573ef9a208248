"""What the video autoencoder is made of, and what follows from its few numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenroom.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Mapping

# Of a published latent's channels over the clips that the denoiser was trained on: their mean, and their spread.
_MEAN = (
    -0.7571, -0.7089, -0.9113, 0.1075, -0.1745, 0.9653, -0.1517, 1.5508,
    0.4134, -0.0715, 0.5517, -0.3632, -0.1922, -0.9497, 0.2503, -0.2921,
)  # fmt: skip
_SPREAD = (
    2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743,
    3.2687, 2.1526, 2.8652, 1.5579, 1.6382, 1.1253, 2.8251, 1.9160,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WanVaeConfig:
    """Sizes; the defaults are those of the published ``Wan2.1_VAE``: 8 x 8 in space, 4 in time, 16 channels.

    width: channels of the finest level.  times: by which each level has more, the finest first.  blocks: residual ones
    of a level of the encoder; the decoder has one more.  timed: so many of the coarsest steps between levels halve time
    besides space.  mean, spread: of each channel of a latent; the denoiser takes (latent - mean) / spread.
    """

    width: int = 96
    times: tuple[int, ...] = (1, 2, 4, 4)
    blocks: int = 2
    timed: int = 2
    mean: tuple[float, ...] = _MEAN
    spread: tuple[float, ...] = _SPREAD

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> WanVaeConfig:
        """A configuration from published options. Raises UnknownName for one that there is not."""
        unknown = next((option for option in options if option not in _OPTIONS), None)
        if unknown is not None:
            raise UnknownName("option of the autoencoder", unknown, _OPTIONS)
        given = {_OPTIONS[option]: value for option, value in options.items() if option != "z_dim"}
        for name in ("times", "mean", "spread"):
            if name in given:
                given[name] = tuple(given[name])
        if "timed" in given:
            given["timed"] = sum(given["timed"])
        return cls(**given)

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of each level, the finest first."""
        return tuple(self.width * times for times in self.times)

    @property
    def latent(self) -> int:
        """Channels of a latent."""
        return len(self.mean)

    @property
    def space(self) -> int:
        """Pixels of a latent cell's side."""
        return 1 << (len(self.times) - 1)

    @property
    def time(self) -> int:
        """Frames of a latent frame. The first latent frame is one frame alone."""
        return 1 << self.timed

    @property
    def untimed(self) -> int:
        """So many of the finest levels have a latent of their own for every frame."""
        return len(self.times) - 1 - self.timed

    def latent_frames(self, frames: int) -> int:
        """Of a clip of 4n + 1 frames."""
        return (frames - 1) // self.time + 1

    def frames(self, latent_frames: int) -> int:
        """That so many latent frames are decoded to, from the beginning of a clip."""
        return (latent_frames - 1) * self.time + 1


# A published option, and what it is called here. A latent's channels are counted by their means.
_OPTIONS = {
    "dim": "width",
    "dim_mult": "times",
    "res_blocks": "blocks",
    "temporal_downsample": "timed",
    "z_dim": "latent",
    "mean": "mean",
    "std": "spread",
}
