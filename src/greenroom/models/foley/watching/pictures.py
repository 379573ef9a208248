"""A video as the two visual encoders look at it: read once for both, each frame made small as it comes.

The original reads a file twice to its end and keeps all frames at full size, gigabytes of them. Frames and their times
are those of ``media/video``: turned as they are shown, and counted from the file's first moment, where the original
ignores the turn, and takes what a broadcast's clock happens to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import torch

from greenroom.models.foley.mmdit.windows import grid_end
from greenroom.models.foley.watching.cadence import Cadence
from greenroom.models.foley.watching.lengths import LONGEST_S, PICTURE_RATE, SYNC_RATE, frames_until, segments
from greenroom.models.foley.watching.preprocess import centred, squashed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from torch import Tensor

    from greenroom.media.video.colour import Pixels
    from greenroom.media.video.reading import Frame


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """What is looked at of a clip.

    pictures: at 8 a second for SigLIP 2, uint8 (pictures, 3, 512, 512).  frames: at 25 a second for Synchformer, uint8
    (frames, 3, 224, 224), at least 16.  end: when the sound ends with the pictures, in seconds; None for the original's
    rule, by which it ends about when the last frame begins.
    """

    pictures: Tensor
    frames: Tensor
    end: Fraction | None = None


def look(frames: Iterable[Frame], *, exact: bool = False) -> Pictures:
    """Take from a video's frames, in RGB, what is looked at; none beyond its first 15 s is asked for.

    exact: the sound is to end with the pictures: the last is looked at for as long as it is shown.
    Raises ClipTooShort, and what reading the frames raises.
    """
    streams = _Stream(PICTURE_RATE, squashed, exact=exact), _Stream(SYNC_RATE, centred, exact=exact)
    last: Frame | None = None
    for frame in frames:
        if frame.time > LONGEST_S:
            break
        for stream in streams:
            stream.take(frame.pixels, frame.time)
        last = frame
    end: Fraction | None = None
    if exact and last is not None:
        end = min(last.time + last.duration, Fraction(LONGEST_S))
        for stream in streams:
            stream.hold(last.pixels, end)
    pictures, sync = streams
    segments(len(sync.places))
    return Pictures(pictures.made(), sync.made(), end)


def picture_of(pixels: Pixels) -> Tensor:
    """A still picture as SigLIP 2 looks at it: uint8 (1, 3, 512, 512). pixels: RGB, (height, width, 3)."""
    return squashed(torch.from_numpy(_eight_bits(pixels)).permute(2, 0, 1)[None])


def stretches(frames: Iterable[Frame], end: Fraction) -> Iterator[Pictures]:
    """The same of a clip of any length, 15 s after 15 s: no more is in memory at once.

    end: when its last frame ends, in seconds, and the sound; the frame is looked at until the next place of the grid of
    ``windows``. Raises what reading the frames raises.
    """
    pictures = _Stream(PICTURE_RATE, squashed, exact=True, longest=None)
    sync = _Stream(SYNC_RATE, centred, exact=True, longest=None)
    streams = pictures, sync
    last: Frame | None = None
    for frame in frames:
        if last is not None and len(sync.places) >= LONGEST_S * SYNC_RATE:
            yield Pictures(pictures.drained(), sync.drained(), end)
        for stream in streams:
            stream.take(frame.pixels, frame.time)
        last = frame
    if last is not None:
        held = grid_end(end)
        for stream in streams:
            stream.hold(last.pixels, held)
    yield Pictures(pictures.drained(), sync.drained(), end)


class _Stream:
    """Frames of one rate and size. A frame that is shown several times is kept once.

    places: of each frame of the stream, among those that are kept.
    """

    def __init__(
        self, rate: int, fit: Callable[[Tensor], Tensor], *, exact: bool, longest: float | None = LONGEST_S
    ) -> None:
        self._rate, self._exact = rate, exact
        self._cadence, self._fit = Cadence(rate, exact=exact, longest=longest), fit
        self._kept: list[Tensor] = []
        self._gone = 0
        self.places: list[int] = []

    def take(self, pixels: Pixels, time: Fraction) -> None:
        """pixels: RGB, (height, width, 3)."""
        self._show(pixels, self._cadence.shown(time if self._exact else float(time)))

    def hold(self, pixels: Pixels, end: Fraction) -> None:
        """Show the video's last frame until a moment, and nothing that begins there or later."""
        count = frames_until(end, self._rate) - self._gone
        self._show(pixels, count - len(self.places))
        del self.places[count:]

    def _show(self, pixels: Pixels, count: int) -> None:
        if count > 0:
            self.places += [len(self._kept)] * count
            self._kept.append(self._fit(torch.from_numpy(_eight_bits(pixels)).permute(2, 0, 1)[None]))

    def made(self) -> Tensor:
        """All of them, (frames, 3, side, side)."""
        return torch.cat(self._kept)[self.places]

    def drained(self) -> Tensor:
        """Those since the last time, which are let go."""
        made = self.made() if self.places else torch.zeros(0, 3, 1, 1, dtype=torch.uint8)
        self._gone += len(self.places)
        self.places, self._kept = [], []
        return made


def _eight_bits(pixels: Pixels) -> Pixels:
    """White of 65 535 becomes 255, to the nearest."""
    wide = pixels.dtype == np.uint16
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8) if wide else pixels
