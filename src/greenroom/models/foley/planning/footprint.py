"""How much memory of the device each stage takes beside the weights, told before it begins.

What is counted are the tensors that live at once where most do, found by counting them one by one (the tests do it
again). What libraries take for themselves is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from greenroom.models.foley.watching.lengths import SEGMENT

if TYPE_CHECKING:
    from greenroom.models.foley.architecture import Architecture
    from greenroom.models.foley.dac.config import DacConfig

_FLOAT = 4  # bytes
_COLOURS = 3
VECTORS_OF_TRIPLE = 18
"""That modulate a triple block: of audio and of video shift, scale and gate of three layers."""

_PICTURE, _FRAME = _COLOURS * 512**2, _COLOURS * 224**2  # numbers
_WIDTH = 768  # of the encoders
_HEADS = 12
_TOKENS_OF_PICTURE, _TOKENS_OF_SEGMENT = 1024, 8 * (1 + 196)
_TEXTS, _TOKENS_OF_TEXT = 2, 512
# Tensors of a block's width that live at once in an encoder: within its MLP, where the inner width is four times that.
_AT_ONCE = 12
# Of the autoencoder, in a residual unit at the level that takes most: its input, that of the unit before, and both
# sides of a layer.
_SOUNDS_AT_ONCE = 4
# Of a triple block within its MLP, beside what is twice there of the inner width; and where the streams look at each
# other.
_BESIDE_HIDDEN, _LOOKING = 6, 11
# Of a single block within its MLP, beside what is there of the inner width: both gates, and their product three times.
_BESIDE_GATES, _GATES = 7, 5
_TERMS = 13  # of each sync token: a single block's vectors, those of the one before, and what they come from
_INDEX = 4  # bytes
_PLACED = 2 * _INDEX  # a token's turn and its place
_TABLES = 2  # cosines and sines
_TABLES_OF_BOTH = 4  # of both streams woven and apart, once for each of the two


def seeing(pictures: int, itemsize: int) -> int:
    """Bytes that SigLIP 2 takes for so many pictures at once, as they are normalised. itemsize: of a number."""
    return pictures * (_AT_ONCE * _TOKENS_OF_PICTURE * _WIDTH * itemsize + _PICTURE * _narrowed(itemsize))


def watching(segments: int, itemsize: int) -> int:
    """The same of Synchformer, for segments."""
    return segments * (_AT_ONCE * _TOKENS_OF_SEGMENT * _WIDTH + SEGMENT * _FRAME) * itemsize


def shown(pictures: int) -> int:
    """Bytes of pictures that are on the device to be seen."""
    return pictures * _PICTURE


def normalised(frames: int, itemsize: int) -> int:
    """Bytes of frames that are on the device to be watched."""
    return frames * _FRAME * _narrowed(itemsize)


def frames_on_host(pictures: int, frames: int) -> int:
    """Bytes of the host, of pictures and frames as they come, kept one by one and then as one."""
    return 2 * (pictures * _PICTURE + frames * _FRAME)


def reading(itemsize: int) -> int:
    """Bytes that CLAP takes for two texts of the most tokens, where every score of attention is written down."""
    scores = 2 * _HEADS * _TOKENS_OF_TEXT**2
    return _TEXTS * (_AT_ONCE * _TOKENS_OF_TEXT * _WIDTH + scores) * itemsize


def decoding(latents: int, config: DacConfig) -> int:
    """Bytes that the autoencoder takes for so many latents at once, in float32."""
    rates = config.decoder_rates
    widest = max((config.decoder_dim >> level) * prod(rates[:level]) for level in range(len(rates) + 1))
    return (_SOUNDS_AT_ONCE * widest + config.hop) * latents * _FLOAT


@dataclass(frozen=True, slots=True)
class StepFootprint:
    """Of windows of one shape that are denoised as one batch.

    given: rows, of each condition.  latents, frames: of a window.  words: tokens of room for a text.  sync: different
    sync tokens of all rows together.  texts: different ones of each condition.
    """

    architecture: Architecture
    conditions: int
    given: int
    latents: int
    frames: int
    words: int
    sync: int
    itemsize: int = 2
    texts: int = 1

    @property
    def rows(self) -> int:
        """Of all conditions."""
        return self.conditions * self.given

    @property
    def step(self) -> int:
        """Bytes that live at once in a step, at most."""
        architecture, latents, frames = self.architecture, self.latents, self.frames
        width = architecture.width
        both = latents + frames
        triple = both * max(_BESIDE_HIDDEN * width + 2 * architecture.hidden, _LOOKING * width)
        single = latents * max(_BESIDE_GATES * width + _GATES * architecture.gated, _LOOKING * width)
        numbers = max(self.rows * triple, self.rows * single + _TERMS * self.sync * width)
        moment = (architecture.triple * VECTORS_OF_TRIPLE + 1) * width
        return self.itemsize * (numbers + moment) + _FLOAT

    @property
    def seen(self) -> int:
        """Bytes of what stays of a window over all steps, of its pictures and sync features."""
        rows = self.rows * self.frames + self.sync
        return rows * self.architecture.width * self.itemsize + self.rows * self.latents * _INDEX

    @property
    def said(self) -> int:
        """Bytes of what stays of its texts: keys and values of each triple block, and which of the words there are."""
        numbers = (2 * self.architecture.triple * self.architecture.width + 1) * self.words
        return self.conditions * self.texts * numbers * self.itemsize

    @property
    def places(self) -> int:
        """Bytes of where all tokens stand, and how far they are turned: with video, each alone, audio alone twice."""
        both, alone = self.latents + self.frames, self.latents
        rows = self.rows * (_PLACED * (2 * both + 2 * alone) + _INDEX * both)
        angles = _TABLES * _FLOAT * (self.architecture.head_dim // 2)
        return rows + angles * (_TABLES_OF_BOTH * both + 2 * alone + self.words)


def _narrowed(itemsize: int) -> int:
    """Bytes of each number that comes in float32 and is taken in what may be half of it."""
    return _FLOAT if itemsize == _FLOAT else _FLOAT + itemsize
