"""How much arithmetic a clip takes: two FLOP to a multiply-add, of convolutions, linear layers and attention.

The autoencoder's is that of the original's layers. Where ours are composed to fewer (``vae_upsample``), a rate in these
FLOP is larger than what the device computes.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from greenroom.models.seedvr2.architecture import PATCH
from greenroom.models.seedvr2.nadit.windows import shapes

if TYPE_CHECKING:
    from greenroom.models.seedvr2.architecture import Architecture
    from greenroom.models.seedvr2.nadit.windows import Grid
    from greenroom.models.seedvr2.vae.config import VAEConfig

_TAPS = 27  # of a kernel of three
_ATTENDED = 4  # products of a position with each other one, two FLOP each, in scores and in the answer


def step_flop(architecture: Architecture, grid: Grid, text: int) -> float:
    """One step of the transformer. grid: tokens in time, height, width.  text: tokens of the text."""
    width, tokens = architecture.width, grid[0] * grid[1] * grid[2]
    matrices = 3 if architecture.design == "dit_v2" else 2
    row = 8 * width**2 + 2 * matrices * width * architecture.hidden
    rows = tokens * architecture.layers + text * (architecture.layers - 1)
    ends = PATCH**2 * (architecture.channels_in + architecture.latent) * width
    shifted = architecture.layers // 2
    attended = sum(
        _ATTENDED * width * layers * count * (prod(shape) + text) ** 2
        for layers, kind in ((architecture.layers - shifted, False), (shifted, True))
        for shape, count in shapes(grid, shifted=kind).items()
    )
    return float(row * rows + 2 * tokens * ends + 2 * text * (architecture.text_in + 3 * width) * width + attended)


def encode_flop(config: VAEConfig, frames: int, height: int, width: int) -> float:
    """A clip of 4n + 1 frames to its moments. height, width: pixels."""
    levels = _levels(config, frames, height, width)
    total = levels[0] * _TAPS * 3 * config.widths[0]
    for level, outputs in enumerate(config.widths):
        inputs = config.widths[max(level - 1, 0)]
        total += levels[level] * _resnets(inputs, outputs, config.layers)
        if level + 1 < len(config.widths):
            taps = _TAPS if level >= config.untimed else _TAPS // 3
            total += levels[level + 1] * taps * outputs**2
    coarsest = levels[-1]
    total += coarsest * _TAPS * config.widths[-1] * 2 * config.latent
    return 2.0 * total + _middle(config, frames, height, width)


def decode_flop(config: VAEConfig, frames: int, height: int, width: int) -> float:
    """A clip of 4n + 1 frames from its latent. height, width: pixels."""
    levels = _levels(config, frames, height, width)
    last = len(config.widths) - 1
    total = levels[-1] * _TAPS * config.latent * config.widths[-1]
    for level in range(last, -1, -1):
        outputs = config.widths[level]
        total += levels[level] * _resnets(config.widths[min(level + 1, last)], outputs, config.layers + 1)
        if level:
            times = 2 if level > config.untimed else 1
            total += levels[level] * outputs * 4 * times * outputs + levels[level - 1] * _TAPS * outputs**2
    total += levels[0] * _TAPS * config.widths[0] * 3
    return 2.0 * total + _middle(config, frames, height, width)


def _levels(config: VAEConfig, frames: int, height: int, width: int) -> list[int]:
    """Positions of each level, the finest first."""
    halved = [max(level - config.untimed, 0) for level in range(len(config.widths))]
    return [((frames - 1 >> times) + 1) * (height >> level) * (width >> level) for level, times in enumerate(halved)]


def _resnets(inputs: int, outputs: int, count: int) -> int:
    """Multiply-adds of a level's blocks for each position."""
    shortcut = inputs * outputs if inputs != outputs else 0
    return _TAPS * (inputs * outputs + outputs**2) + shortcut + (count - 1) * 2 * _TAPS * outputs**2


def _middle(config: VAEConfig, frames: int, height: int, width: int) -> float:
    """FLOP of the block between down and up: two residual blocks, and attention within each frame."""
    channels = config.widths[-1]
    area = (height // config.space) * (width // config.space)
    own = 2 * (4 * _TAPS + 4) * channels**2
    return float(config.latent_frames(frames) * area * (own + _ATTENDED * area * channels))
