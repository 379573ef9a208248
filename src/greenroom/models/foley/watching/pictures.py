"""A video as the two visual encoders look at it: read once for both, each frame made small as it comes.

The original reads a file twice to its end and keeps all frames at full size, gigabytes of them. Frames and their times
are those of ``media/video``: turned as they are shown, and counted from the file's first moment, where the original
ignores the turn, and takes what a broadcast's clock happens to say.

A frame's time goes into its colours, then into its sizes, then into its decoding. So threads do the first two while the
next frames are decoded, and nobody does them for a frame that is not looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import floor
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import torch

from greenroom.models.foley.mmdit.windows import grid_end
from greenroom.models.foley.watching.ahead import Ahead
from greenroom.models.foley.watching.cadence import Cadence
from greenroom.models.foley.watching.lengths import (
    LONGEST_S,
    MOST_FRAMES,
    PICTURE_RATE,
    STRETCH,
    SYNC_RATE,
    frames_until,
    segments,
)
from greenroom.models.foley.watching.preprocess import PICTURE_SIDE, SYNC_SIDE, centred, squashed
from greenroom.progress import Step, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from torch import Tensor

    from greenroom.media.video.colour import Pixels

WATCHING = "watching"

_MOST_THREADS = 8
# For each thread, frames that wait for it or are done before an earlier one: as decoded, 12 MB each at 4K.
_AHEAD = 2


class Shown(Protocol):
    """A frame, or one that is decoded only (``media/video/reading``)."""

    @property
    def pixels(self) -> Pixels:
        """RGB, (height, width, 3). Asked for in a thread, at most once at a time."""

    @property
    def time(self) -> Fraction:
        """When it begins, in seconds."""

    @property
    def duration(self) -> Fraction:
        """In seconds."""


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


def look(
    frames: Iterable[Shown], *, exact: bool = False, step: Step = silent, total: int = 0, pinned: bool = False
) -> Pictures:
    """Take from a video's frames, in RGB, what is looked at; none beyond its first 15 s is asked for.

    exact: the sound is to end with the pictures: the last is looked at for as long as it is shown.  total: frames that
    there are, for ``step``.  pinned: in memory that a GPU reads by itself.
    Raises ClipTooShort, and what reading the frames and ``step`` raise.
    """
    with _Watch(exact=exact, longest=LONGEST_S, pinned=pinned) as watch:
        last: Shown | None = None
        for number, frame in enumerate(frames):
            if frame.time > LONGEST_S:
                break
            step(WATCHING, number, max(number, total))
            watch.take(frame, frame.time)
            last = frame
        end: Fraction | None = None
        if exact and last is not None:
            end = min(last.time + last.duration, Fraction(LONGEST_S))
            watch.hold(last, end)
        segments(len(watch.sync.kept))
        seen = watch.seen(end)
    step(WATCHING, total, total)
    return seen


def picture_of(pixels: Pixels) -> Tensor:
    """A still picture as SigLIP 2 looks at it: uint8 (1, 3, 512, 512). pixels: RGB, (height, width, 3)."""
    return squashed(_as_batch(pixels))


def stretches(
    frames: Iterable[Shown], end: Fraction, *, step: Step = silent, total: int = 0, pinned: bool = False
) -> Iterator[Pictures]:
    """The same of a clip of any length, 15 s after 15 s: no more is in memory at once, however long a frame is shown.

    end: when its last frame ends, in seconds, and the sound; the frame is looked at until the next place of the grid of
    ``windows``.  total, pinned: as for ``look``. Raises what reading the frames and ``step`` raise.
    """
    with _Watch(exact=True, longest=None, pinned=pinned) as watch:
        last: Shown | None = None
        for number, frame in enumerate(frames):
            if len(watch.sync.kept) >= STRETCH:
                yield watch.seen(end)
            step(WATCHING, number, max(number, total))
            yield from watch.filled(frame, frame.time, end)
            watch.take(frame, frame.time)
            last = frame
        if last is not None:
            yield from watch.filled(last, grid_end(end), end)
            watch.hold(last, grid_end(end))
        seen = watch.seen(end)
    step(WATCHING, total, total)
    yield seen


class _Watch:
    """Both streams of a video, and the threads that make its frames small. longest, exact: see ``Cadence``."""

    def __init__(self, *, exact: bool, longest: float | None, pinned: bool) -> None:
        threads = min(torch.get_num_threads(), _MOST_THREADS)
        self._work = Ahead(threads, _AHEAD * threads)
        self._pinned = pinned
        self._frame: Shown | None = None
        self._made: dict[_Stream, _Kept] = {}
        self.pictures = _Stream(PICTURE_RATE, PICTURE_SIDE, squashed, exact=exact, longest=longest)
        self.sync = _Stream(SYNC_RATE, SYNC_SIDE, centred, exact=exact, longest=longest)

    def __enter__(self) -> _Watch:
        self._work.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._work.__exit__()

    def take(self, frame: Shown, moment: Fraction) -> None:
        """The next frame, or still the same, as often as each stream has it until a moment."""
        self._show(frame, [(stream, stream.shown(moment)) for stream in (self.pictures, self.sync)])

    def hold(self, frame: Shown, end: Fraction) -> None:
        """Show the video's last frame until a moment, and nothing that begins there or later."""
        self._show(frame, [(stream, stream.lacks(end)) for stream in (self.pictures, self.sync)])

    def filled(self, frame: Shown, moment: Fraction, end: Fraction) -> Iterator[Pictures]:
        """The stretches that a frame fills which is shown until a moment; what is left of it is still to be taken."""
        while floor(moment * SYNC_RATE) + 1 - self.sync.gone > MOST_FRAMES:
            self.take(frame, Fraction(self.sync.gone + STRETCH - 1, SYNC_RATE))
            yield self.seen(end)

    def seen(self, end: Fraction | None) -> Pictures:
        """Those since the last time, which are let go."""
        return Pictures(self.pictures.drained(pinned=self._pinned), self.sync.drained(pinned=self._pinned), end)

    def _show(self, frame: Shown, counts: list[tuple[_Stream, int]]) -> None:
        if frame is not self._frame:
            self._frame, self._made = frame, {}
        lacking = [stream for stream, count in counts if count > 0 and stream not in self._made]
        if lacking:
            if self._made:  # it may be in work: its pixels are asked for once at a time
                self._work.finish()
            made = self._work.give(partial(_made_small, frame, [stream.fit for stream in lacking]))
            self._made |= {stream: _Kept(made, place) for place, stream in enumerate(lacking)}
        for stream, count in counts:
            if count > 0:
                stream.kept += [self._made[stream]] * count


class _Kept(NamedTuple):
    """A frame of a stream, or what will be one. made: of a video's frame, for each stream that has it."""

    made: Future[list[Tensor]]
    place: int


class _Stream:
    """Frames of one rate and size; one that is shown several times is the same.

    kept: those since the last time.  gone: how many there were until then.
    """

    def __init__(
        self, rate: int, side: int, fit: Callable[[Tensor], Tensor], *, exact: bool, longest: float | None
    ) -> None:
        self._rate, self._side, self._exact = rate, side, exact
        self._cadence = Cadence(rate, exact=exact, longest=longest)
        self.fit = fit
        self.gone = 0
        self.kept: list[_Kept] = []

    def shown(self, moment: Fraction) -> int:
        """How often a frame that is shown until a moment is in the stream, behind what is there already."""
        return self._cadence.shown(moment if self._exact else float(moment))

    def lacks(self, end: Fraction) -> int:
        """How many frames there should be more until a moment; what begins there or later is let go."""
        count = frames_until(end, self._rate) - self.gone
        del self.kept[count:]
        return count - len(self.kept)

    def drained(self, *, pinned: bool) -> Tensor:
        """Those since the last time, (frames, 3, side, side), which are let go."""
        made = torch.empty(len(self.kept), 3, self._side, self._side, dtype=torch.uint8, pin_memory=pinned)
        for place, kept in enumerate(self.kept):
            made[place] = kept.made.result()[kept.place]
        self.gone += len(self.kept)
        self.kept = []
        return made


def _made_small(frame: Shown, fits: list[Callable[[Tensor], Tensor]]) -> list[Tensor]:
    """A frame for each of some streams, (3, side, side). It is coloured once."""
    batch = _as_batch(frame.pixels)
    # Copied by numpy, which starts no threads for it: what remains of a frame's middle would hold all of it.
    return [torch.from_numpy(np.ascontiguousarray(fit(batch)[0].numpy())) for fit in fits]


def _as_batch(pixels: Pixels) -> Tensor:
    """uint8 (1, 3, height, width), colours innermost in memory, for which the resize has kernels."""
    return torch.from_numpy(_eight_bits(pixels)).permute(2, 0, 1)[None]


def _eight_bits(pixels: Pixels) -> Pixels:
    """White of 65 535 becomes 255, to the nearest."""
    wide = pixels.dtype == np.uint16
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8) if wide else pixels
