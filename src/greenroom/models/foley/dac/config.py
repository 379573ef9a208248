"""What the audio autoencoder is made of, and what follows from its few numbers."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, prod
from typing import TYPE_CHECKING, Any, NamedTuple

from greenroom.errors import InputInvalid, UnknownName, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

DILATIONS = (1, 3, 9)
"""Of the residual units of a block, in order."""

KERNEL = 7
"""Of the first and the last convolution, and of every residual unit."""


class Reach(NamedTuple):
    """How many latents before, and after, one of them have a part in its samples."""

    before: int
    after: int


@dataclass(frozen=True, slots=True)
class DacConfig:
    """Sizes; the defaults are those of the published autoencoder: 48 kHz, 960 samples a latent, 50 latents a second.

    encoder_dim: channels behind the encoder's first convolution, doubled by each of its blocks.  decoder_dim: behind
    the decoder's first, halved by each.  encoder_rates, decoder_rates: how many steps of time each block makes one of,
    or one step into.  latent: channels.  rate: samples a second.
    Raises InputInvalid where the two halves do not undo each other.
    """

    encoder_dim: int = 128
    encoder_rates: tuple[int, ...] = (2, 3, 4, 5, 8)
    latent: int = 128
    decoder_dim: int = 2048
    decoder_rates: tuple[int, ...] = (8, 5, 4, 3, 2)
    rate: int = 48_000

    def __post_init__(self) -> None:
        if prod(self.encoder_rates) != prod(self.decoder_rates):
            raise InputInvalid(
                f"the encoder makes one latent of {prod(self.encoder_rates)} samples, the decoder"
                f" {prod(self.decoder_rates)} samples of one latent",
                mend="give both the same product of rates",
            )

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DacConfig:
        """A configuration from published options. Raises UnknownName, InputInvalid for what there is no code for."""
        unknown = next((option for option in options if option not in _OPTIONS and option != _CONTINUOUS), None)
        if unknown is not None:
            raise UnknownName("option of the audio autoencoder", unknown, (*_OPTIONS, _CONTINUOUS))
        if not options.get(_CONTINUOUS, True):
            raise InputInvalid(
                f"{_CONTINUOUS} is {quoted(options[_CONTINUOUS])}", mend="Foley's latents are continuous: no codebooks"
            )
        given: dict[str, Any] = {
            _OPTIONS[option]: tuple(value) if option.endswith("_rates") else value
            for option, value in options.items()
            if option in _OPTIONS
        }
        return cls(**given)

    @property
    def hop(self) -> int:
        """Samples of a latent."""
        return prod(self.decoder_rates)

    @property
    def reach(self) -> Reach:
        """The decoder's receptive field in latents: beyond it nothing changes a latent's samples.

        Walked back from the samples of one latent, through every convolution, to the latents that they need.
        """
        edge = KERNEL // 2
        first, last = -edge, self.hop - 1 + edge
        for stride in reversed(self.decoder_rates):
            units = sum(edge * dilation for dilation in DILATIONS)
            first, last = first - units, last + units
            # Step i of the input of a transposed convolution is heard from i * stride - padding on, for 2 * stride.
            padding = ceil(stride / 2)
            first, last = -((2 * stride - 1 - padding - first) // stride), (last + padding) // stride
        return Reach(edge - first, last + edge)


_CONTINUOUS = "continuous"
# A published option, and what it is called here.
_OPTIONS = {
    "encoder_dim": "encoder_dim",
    "encoder_rates": "encoder_rates",
    "latent_dim": "latent",
    "decoder_dim": "decoder_dim",
    "decoder_rates": "decoder_rates",
    "sample_rate": "rate",
}
