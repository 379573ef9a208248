"""How many numbers the networks' weights are, added up from the sizes of their layers, without any of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from greenroom.models.foley.architecture import SYNC_GROUP

if TYPE_CHECKING:
    from greenroom.models.foley.architecture import Architecture

OTHERS = {"siglip2": 93_520_128, "synchformer": 121_850_112, "clap": 124_055_040, "vae": 75_480_769}
"""Of the published networks beside the denoiser: the vision tower, the visual encoder, the text tower, and the half of
the autoencoder that makes sound."""

_SINUSOIDS = 256  # that the time is told by
_STREAMS = 2  # of a triple block: audio and video
_KERNEL = 3  # of a single block's convolutions
_GATES = 3  # matrices of a gated MLP


@dataclass(frozen=True, slots=True)
class Block:
    """Numbers of a denoiser's block.

    matrices: of linear layers and convolutions that may be in eight bits, each.  rest: of what may not: biases, norms,
    and a single block's modulation.  modulation: of a triple block, which leaves the device once a schedule is set.
    heard, beside_heard: of a triple block, the matrix that makes a text's keys and values, and its bias and norm; they
    are not asked for in a step.
    """

    matrices: tuple[int, ...]
    rest: int
    modulation: int = 0
    heard: int = 0
    beside_heard: int = 0

    def travels(self, small: int, whole: int) -> int:
        """Bytes that come from the host for each step, where a block does not stay on the device.

        small, whole: bytes of a number of the matrices, and of the rest.
        """
        return small * sum(self.matrices) + whole * self.rest

    def stays(self, small: int, whole: int) -> int:
        """Bytes that are on the device while steps are gone, where it does."""
        return self.travels(small, whole) + small * self.heard + whole * self.beside_heard

    @property
    def numbers(self) -> int:
        """All of them."""
        return self.stays(1, 1) + self.modulation


def triple_block(architecture: Architecture) -> Block:
    """A block of audio and video."""
    width, hidden, head = architecture.width, architecture.hidden, architecture.head_dim
    square = width**2
    stream = (3 * square, square, square, square, width * hidden, hidden * width)
    beside = 3 * width + width + width + width + hidden + width + 3 * head
    return Block(
        matrices=stream * _STREAMS,
        rest=beside * _STREAMS,
        modulation=_STREAMS * 9 * (square + width),
        heard=2 * square,
        beside_heard=2 * width + head,
    )


def single_block(architecture: Architecture) -> Block:
    """A block of the audio alone."""
    width, gated = architecture.width, architecture.gated
    square = width**2
    return Block(
        matrices=(3 * square, _KERNEL * square, *(_KERNEL * width * gated,) * _GATES),
        rest=6 * square + 6 * width + 3 * width + width + 2 * architecture.head_dim,
    )


@cache
def blocks(architecture: Architecture) -> tuple[Block, ...]:
    """All of a denoiser's, in their order."""
    triple, single = triple_block(architecture), single_block(architecture)
    return (triple,) * architecture.triple + (single,) * architecture.single


def around_blocks(architecture: Architecture) -> int:
    """Numbers of what stands before and behind a denoiser's blocks."""
    width, latent = architecture.width, architecture.latent
    square = width**2
    empty = architecture.visual_in + architecture.sync_in
    audio = latent * width + width
    visual = (_GATES - 1) * architecture.visual_in * width + square
    text = architecture.text_in * width + square + 2 * width
    time = _SINUSOIDS * width + square + 2 * width
    sync = (architecture.sync_in + 1) * width + _GATES * width * architecture.gated + SYNC_GROUP * architecture.sync_in
    last = (width + 1) * latent + 2 * (square + width)
    return empty + audio + visual + text + time + sync + last
