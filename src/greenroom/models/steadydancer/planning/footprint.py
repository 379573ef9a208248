"""How much memory of the device each stage takes beside the weights, told before it begins.

What is counted are the tensors that live at once where most do, found by counting them one by one (the tests do it
again). What libraries take for themselves is not in it. Of towers and autoencoder see their own ``footprint``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.models.steadydancer.architecture import MASK, PATCH
from greenroom.models.steadydancer.dancer.precision import PRODUCTS, USUAL
from greenroom.models.steadydancer.planning.weights import FLOAT, HALF

if TYPE_CHECKING:
    from greenroom.models.steadydancer.architecture import Architecture

_COLOURS = 3
_REFERENCES = 2  # frames behind the video's
_VECTORS, _TERMS = 6, 3  # of a block, and of a norm
_LOOKING = 5  # of the stream's width, where tokens look at each other: the stream, queries, keys, values, what is seen
_ON_HOST = 3  # more of them where each step of a kernel is one of its own
_SAMPLED = 16  # latents of the whole clip in float32, of the solver, of guidance, and on their way
_WHOLE = 4  # bytes of a number while a picture is resized
_RESIZED = 4  # pictures that live at once meanwhile


@dataclass(frozen=True, slots=True)
class StepFootprint:
    """A pass over one window.

    frames, height, width: of its latents.  texts, pose_sets: that there are.  at_once, keeps_said: see ``Way``.
    """

    architecture: Architecture
    frames: int
    height: int
    width: int
    texts: int = 2
    pose_sets: int = 2
    itemsize: int = HALF
    precision: str = USUAL
    at_once: int = 0
    keeps_said: bool = True
    on_host: bool = False

    @property
    def tokens(self) -> int:
        """Of the video and its references."""
        return (self.frames + _REFERENCES) * self._a_frame

    @property
    def step(self) -> int:
        """Bytes that live at once in a pass, at most."""
        looking = _LOOKING * self._stream
        vectors = self.architecture.layers * _VECTORS * self.architecture.width * FLOAT
        beside = vectors + 2 * self.architecture.latent * self._cells * FLOAT  # latents, and their velocity
        return max(looking, self._thinking) + (_ON_HOST * self._stream if self.on_host else 0) + beside

    @property
    def fixed(self) -> int:
        """Bytes of what stays of a request over all steps, of its first window."""
        architecture, width = self.architecture, self.architecture.width
        picture = (MASK + architecture.latent) * self._cells * FLOAT
        references = _REFERENCES * self._a_frame * width * self.itemsize
        tables = 2 * self.tokens * (architecture.head_dim // 2) * FLOAT
        terms = architecture.layers * (_VECTORS + _TERMS) * width * FLOAT
        return picture + references + tables + terms + self.heard + self.further

    @property
    def further(self) -> int:
        """Bytes of what stays of each further window: its poses."""
        return self.pose_sets * self.architecture.latent * self._cells * FLOAT

    @property
    def heard(self) -> int:
        """Bytes of texts and pictures: keys and values for each block, or what these are made of."""
        architecture = self.architecture
        rows = self.texts * architecture.text_tokens + architecture.image_tokens
        times = 2 * architecture.layers if self.keeps_said else 1
        return times * rows * architecture.width * self.itemsize

    @property
    def _thinking(self) -> int:
        """The stream, what goes into an MLP and what lies in it; where that is taken in runs, also what comes out."""
        small = self.precision == PRODUCTS
        width, inner = self.architecture.width, self.architecture.hidden
        hidden, rounded = inner * self.itemsize, inner if small else 0
        given = self.tokens * width * (1 if small else self.itemsize)
        if 0 < self.at_once < self.tokens:
            run = max(hidden + rounded, (rounded or hidden) + width * self.itemsize)
            return 2 * self._stream + given + self.at_once * run
        return self._stream + given + self.tokens * (hidden + rounded)

    @property
    def _stream(self) -> int:
        return self.tokens * self.architecture.width * self.itemsize

    @property
    def _a_frame(self) -> int:
        """Tokens."""
        return (self.height // PATCH[1]) * (self.width // PATCH[2])

    @property
    def _cells(self) -> int:
        return self.frames * self.height * self.width


def sampled(channels: int, frames: int, height: int, width: int) -> int:
    """Bytes of latents of a whole clip around the passes."""
    return _SAMPLED * channels * frames * height * width * FLOAT


def clip(frames: int, height: int, width: int) -> int:
    """Bytes of frames in float32 that are on the device to be encoded."""
    return frames * _COLOURS * height * width * FLOAT


def resizing(*pictures: tuple[int, int]) -> int:
    """Bytes that a picture takes on its way from one of these sizes to another."""
    largest = max(height for height, _ in pictures) * max(width for _, width in pictures)
    return _RESIZED * _COLOURS * _WHOLE * largest
