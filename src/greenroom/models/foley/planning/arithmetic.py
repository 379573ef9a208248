"""How much arithmetic a request takes: two FLOP to a multiply-add, of convolutions, linear layers and attention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.models.foley.dac.config import DILATIONS, KERNEL

if TYPE_CHECKING:
    from greenroom.models.foley.dac.config import DacConfig
    from greenroom.models.foley.planning.footprint import StepFootprint

_ATTENDED = 4  # products of a position with each other one, two FLOP each, in scores and in the answer
_MODULATION = 6  # vectors of a single block
_TAPS = 3  # of a single block's convolutions
_GATES = 3  # matrices of a gated MLP

PICTURE_FLOP = 0.2162e12
"""Of SigLIP 2 for a picture, as it was counted in the published network."""

SEGMENT_FLOP = 0.3749e12
"""Of Synchformer for a segment, likewise; of its last layer only what is asked for."""


def step_flop(batch: StepFootprint) -> float:
    """One step of a batch of windows."""
    architecture, latents, frames = batch.architecture, batch.latents, batch.frames
    width, square = architecture.width, architecture.width**2
    both = latents + frames
    behind = 3 * square + 2 * width * architecture.hidden  # what the last block leaves out of the video's
    heard = _ATTENDED * width * frames * batch.words
    triple = 2 * both * (3 * square + behind) + _ATTENDED * width * both * (both + batch.words)
    convolved = _TAPS * (square + _GATES * width * architecture.gated)
    single = 2 * latents * (3 * square + convolved) + _ATTENDED * width * latents**2
    ends = 2 * latents * architecture.latent * width
    per_row = architecture.triple * triple - (2 * frames * behind + heard) + architecture.single * single + ends
    terms = 2 * batch.sync * _MODULATION * square
    return float(batch.rows * per_row + batch.given * ends + architecture.single * terms)


def decode_flop(latents: int, config: DacConfig) -> float:
    """Latents to sound."""
    steps, channels = latents, config.decoder_dim
    total = latents * config.latent * (config.latent + KERNEL * channels)
    for stride in config.decoder_rates:
        total += steps * channels * (channels // 2) * 2 * stride
        steps, channels = steps * stride, channels // 2
        total += len(DILATIONS) * steps * channels**2 * (KERNEL + 1)
    return 2.0 * (total + steps * channels * KERNEL)
