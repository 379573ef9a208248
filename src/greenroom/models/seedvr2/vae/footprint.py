"""How much memory the autoencoder takes: what each of its layers holds; see ``nn/clip_footprint.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from greenroom.nn.clip_footprint import ClipFootprint, Layer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.models.seedvr2.vae.config import VAEConfig

_PAST = 2  # frames that a kernel of three reads of the slice before
_COLOURS = 3


class VAEFootprint(ClipFootprint):
    """What an encoder or a decoder takes of memory. Made by ``encoder`` and ``decoder``."""

    __slots__ = ()

    @classmethod
    def encoder(cls, config: VAEConfig) -> Self:
        """Of the encoder."""
        return cls(config, tuple(_encoder(config)), config.untimed, config.widths[max(config.untimed - 1, 0)])

    @classmethod
    def decoder(cls, config: VAEConfig) -> Self:
        """Of the decoder."""
        passing = config.widths[min(config.untimed + 1, len(config.widths) - 1)]
        return cls(config, tuple(_decoder(config)), config.untimed + 1, passing)


def _encoder(config: VAEConfig) -> Iterator[Layer]:
    last = len(config.widths) - 1
    yield _conv(0, _COLOURS, config.widths[0])
    for level, width in enumerate(config.widths):
        yield _resnet(level, config.widths[max(level - 1, 0)], width)
        yield from (_resnet(level, width, width) for _ in range(config.layers - 1))
        if level < last:
            past = width if level >= config.untimed else 0
            yield Layer(level, 3 * width, 2 * past, width, past)
    yield from _ends(config, config.widths[-1])
    yield _conv(last, config.widths[-1], config.widths[-1] + 2 * config.latent)


def _decoder(config: VAEConfig) -> Iterator[Layer]:
    last = len(config.widths) - 1
    yield _conv(last, config.latent, config.widths[-1])
    yield from _ends(config, config.widths[-1])
    for level in range(last, -1, -1):
        width = config.widths[level]
        yield _resnet(level, config.widths[min(level + 1, last)], width)
        yield from (_resnet(level, width, width) for _ in range(config.layers))
        if level:
            times, past = (2, width) if level > config.untimed else (1, _PAST * width)
            cell = 4 * times * width  # what becomes of a position, first as phases of one frame, then in its place
            rises = level == config.untimed + 1
            yield Layer(level, (1 if rises else 2) * width + cell, past + cell, 2 * width, past, rises)
    # The way to pictures: a frame at a time, and what it says to the next two is kept as pictures, in float32.
    yield Layer(0, config.widths[0] + 2 * _COLOURS, config.widths[0], config.widths[0], 4 * _COLOURS)


def _ends(config: VAEConfig, width: int) -> Iterator[Layer]:
    """The block in the middle."""
    for _ in range(2):
        yield _resnet(len(config.widths) - 1, width, width)


def _conv(level: int, inputs: int, held: int) -> Layer:
    """A convolution, its result and what else there is."""
    return Layer(level, inputs + held, _PAST * inputs, inputs, _PAST * inputs)


def _resnet(level: int, inputs: int, outputs: int) -> Layer:
    """At its first convolution: input, window, result. At its end: input, result, and what the shortcut gives."""
    each = max(2 * inputs + outputs, inputs + (3 if inputs != outputs else 2) * outputs)
    widest = max(inputs, outputs)
    return Layer(level, each, _PAST * widest, widest, _PAST * (inputs + outputs))
