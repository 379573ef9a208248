"""How much arithmetic a request takes: two FLOP to a multiply-add, of convolutions, linear layers and attention.

The autoencoder's is that of the original's layers. Where ours are composed to fewer, a rate in these FLOP is larger
than what the device computes.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from greenroom.models.steadydancer.architecture import PATCH
from greenroom.models.steadydancer.planning.weights import matrices

if TYPE_CHECKING:
    from greenroom.models.steadydancer.planning.footprint import StepFootprint
    from greenroom.models.steadydancer.vae.config import WanVaeConfig

_COLOURS = 3
_TAPS, _IN_TIME, _IN_SPACE = 27, 3, 9  # of a kernel of three, in all directions or some
_ATTENDED = 4  # products of a position with each other one, two FLOP each, in scores and in the answer
_ALIGNED = 128  # width of the alignment
_LAYERS_OF_ALIGNMENT = 6  # of that width on both sides: queries, keys, values, what comes out, two of an MLP


class Flop(NamedTuple):
    """Of linear layers, and of attention, which run at different speeds."""

    linear: float
    attention: float


def pass_flop(step: StepFootprint) -> Flop:
    """A pass over one window."""
    architecture, tokens = step.architecture, step.tokens
    width = architecture.width
    of_block = sum(matrix.numbers for matrix in matrices(architecture) if not matrix.heard)
    heard = architecture.text_tokens + architecture.image_tokens
    cells = step.frames * step.height * step.width
    video = cells // prod(PATCH)
    ends = video * width * (prod(PATCH) * architecture.fused + architecture.outputs)
    time = width * (architecture.sinusoids + width) + 6 * width**2
    aligned = cells * _ALIGNED * (_LAYERS_OF_ALIGNMENT * _ALIGNED + 3 * architecture.latent)
    linear = 2.0 * (architecture.layers * tokens * of_block + ends + time + aligned)
    if not step.keeps_said:
        linear += 2.0 * architecture.layers * 2 * heard * width**2
    looked = architecture.layers * tokens * (tokens + heard) * width
    return Flop(linear, float(_ATTENDED * (looked + cells * step.frames * _ALIGNED)))


def encode_flop(config: WanVaeConfig, frames: int, height: int, width: int) -> float:
    """A clip of 4n + 1 frames to its latents. height, width: pixels."""
    areas, counts = _areas(config, height, width), _counts(config, frames)
    total = counts[0] * areas[0] * _TAPS * _COLOURS * config.widths[0]
    for level, outputs in enumerate(config.widths):
        inputs = config.widths[max(level - 1, 0)]
        total += counts[level] * areas[level] * _resnets(inputs, outputs, config.blocks)
        if level + 1 < len(config.widths):
            total += counts[level] * areas[level + 1] * _IN_SPACE * outputs**2
            if level >= config.untimed:
                total += counts[level + 1] * areas[level + 1] * _IN_TIME * outputs**2
    last = counts[-1] * areas[-1]
    total += last * (_TAPS * config.widths[-1] * 2 * config.latent + (2 * config.latent) ** 2)
    return 2.0 * total + _middle(config, frames, height, width)


def decode_flop(config: WanVaeConfig, frames: int, height: int, width: int) -> float:
    """A clip of 4n + 1 frames from its latents. height, width: pixels."""
    areas, counts = _areas(config, height, width), _counts(config, frames)
    last = len(config.widths) - 1
    total = counts[-1] * areas[-1] * (config.latent**2 + _TAPS * config.latent * config.widths[-1])
    for level in range(last, -1, -1):
        outputs = config.widths[level]
        inputs = outputs if level == last else config.widths[level + 1] // 2
        total += counts[level] * areas[level] * _resnets(inputs, outputs, config.blocks + 1)
        if level:
            if level > config.untimed:
                total += counts[level] * areas[level] * _IN_TIME * outputs * 2 * outputs
            total += counts[level - 1] * areas[level - 1] * _IN_SPACE * outputs * (outputs // 2)
    total += counts[0] * areas[0] * _TAPS * config.widths[0] * _COLOURS
    return 2.0 * total + _middle(config, frames, height, width)


def _areas(config: WanVaeConfig, height: int, width: int) -> list[int]:
    """Positions of a frame at each level, the finest first."""
    return [(height >> level) * (width >> level) for level in range(len(config.widths))]


def _counts(config: WanVaeConfig, frames: int) -> list[int]:
    """Frames at each level."""
    halved = (max(level - config.untimed, 0) for level in range(len(config.widths)))
    return [(frames - 1 >> times) + 1 for times in halved]


def _resnets(inputs: int, outputs: int, count: int) -> int:
    """Multiply-adds of a level's blocks for each position."""
    shortcut = inputs * outputs if inputs != outputs else 0
    return _TAPS * (inputs * outputs + outputs**2) + shortcut + (count - 1) * 2 * _TAPS * outputs**2


def _middle(config: WanVaeConfig, frames: int, height: int, width: int) -> float:
    """FLOP of the blocks between down and up: two residual ones, and attention within each frame."""
    channels = config.widths[-1]
    area = (height // config.space) * (width // config.space)
    own = 2 * (4 * _TAPS + 4) * channels**2
    return float(config.latent_frames(frames) * area * (own + _ATTENDED * area * channels))
