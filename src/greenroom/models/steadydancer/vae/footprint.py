"""How much memory the autoencoder takes: what each of its layers holds; see ``nn/clip_footprint.py``.

Numbers are of the type that convolutions take; what is of another type counts as so many of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from greenroom.nn.clip_footprint import ClipFootprint, Layer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.models.steadydancer.vae.config import WanVaeConfig

_PAST = 2  # frames that a kernel of three reads of the slice before
_COLOURS = 3
_SAID = 27 * _COLOURS  # what a position says to its neighbours in the last convolution


class WanVaeFootprint(ClipFootprint):
    """What the encoder or the decoder takes of memory. Made by ``encoder`` and ``decoder``.

    sums: times that a number between residual blocks is as wide as one that a convolution takes; 2 for float32 beside
    half precision.
    """

    __slots__ = ()

    @classmethod
    def encoder(cls, config: WanVaeConfig, sums: int = 2) -> Self:
        """Of the encoder, the pixels not counted."""
        return cls(config, tuple(_encoder(config, sums)), config.untimed, config.widths[max(config.untimed - 1, 0)])

    @classmethod
    def decoder(cls, config: WanVaeConfig, sums: int = 2) -> Self:
        """Of the decoder, the clip not counted that pieces are put together to."""
        passing = config.widths[min(config.untimed + 1, len(config.widths) - 1)]
        return cls(config, tuple(_decoder(config, sums)), config.untimed + 1, passing)


def _encoder(config: WanVaeConfig, sums: int) -> Iterator[Layer]:
    last = len(config.widths) - 1
    yield _conv(0, _COLOURS, config.widths[0])
    for level, width in enumerate(config.widths):
        yield _resnet(level, config.widths[max(level - 1, 0)], width, sums)
        yield from (_resnet(level, width, width, sums) for _ in range(config.blocks - 1))
        if level < last:
            yield Layer(level, (1 + sums) * width, 0, width, 0)
            if level >= config.untimed:
                yield Layer(level + 1, 0, 0, width, width)
    yield from _middle(config, sums)
    yield _conv(last, config.widths[-1], sums * config.widths[-1] + 2 * config.latent)


def _decoder(config: WanVaeConfig, sums: int) -> Iterator[Layer]:
    last = len(config.widths) - 1
    yield _conv(last, config.latent, config.widths[-1])
    yield from _middle(config, sums)
    for level in range(last, -1, -1):
        width = config.widths[level]
        yield _resnet(level, width if level == last else config.widths[level + 1] // 2, width, sums)
        yield from (_resnet(level, width, width, sums) for _ in range(config.blocks))
        if level > config.untimed:
            # The window, of one of the two frames that each becomes what is doubled, all of them doubled, and phases.
            rises = level == config.untimed + 1
            each = max(2 + sums, 6) - (1 if rises else 0)
            yield Layer(level, each * width, (_PAST + 2) * width, 2 * width, _PAST * width, rises)
        elif level:
            yield Layer(level, max(1 + sums, 3) * width, 2 * width, 2 * width, 0)
    # The way to pictures: a frame at a time, and what it says to the next two is kept as pictures, in float32.
    width = config.widths[0]
    yield Layer(0, (1 + sums) * width + 2 * _COLOURS, 2 * _SAID, width, 4 * _COLOURS)


def _middle(config: WanVaeConfig, sums: int) -> Iterator[Layer]:
    for _ in range(2):
        yield _resnet(len(config.widths) - 1, config.widths[-1], config.widths[-1], sums)


def _conv(level: int, inputs: int, held: int) -> Layer:
    """A convolution, its result and what else there is."""
    return Layer(level, inputs + held, _PAST * inputs, inputs, _PAST * inputs)


def _resnet(level: int, inputs: int, outputs: int, sums: int) -> Layer:
    """While it is normed: what came, the sum, the window. With a shortcut the sum lies where it came."""
    each = (2 + sums) * inputs if inputs == outputs else max(2 * inputs + outputs, inputs + 2 * outputs)
    widest = max(inputs, outputs)
    return Layer(level, each, _PAST * widest, widest, _PAST * (inputs + outputs))
