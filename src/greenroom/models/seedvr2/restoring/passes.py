"""Passes through a source that go on where they stand, or a few frames before.

A shot is read twice, to be restored and for its colours, and shots come one after another: so two passes through the
whole, side by side, read everything. Windows that fade into each other begin before the last one ended: each pass keeps
the frames that they share. So no frame is decoded more than twice, also of containers that cannot be entered in their
middle, and of those that a reader decodes from the keyframe before.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType

    from greenroom.media.video.colour import Pixels
    from greenroom.media.video.reading import Frame
    from greenroom.models.seedvr2.restoring.sources import Source

_MOST = 2


@dataclass(slots=True)
class _Pass:
    """place: of the frame that comes next.  kept: the pixels of the last ones before it."""

    place: int
    frames: Generator[Frame, None, None]
    kept: deque[Pixels]

    def reaches(self, start: int) -> bool:
        """Whether it can go on at a frame."""
        return self.place - len(self.kept) <= start <= self.place

    def again(self, start: int, stop: int) -> list[Pixels]:
        """Those from ``start`` until before ``stop`` that it keeps."""
        first = self.place - len(self.kept)
        return list(self.kept)[max(0, start - first) : max(0, stop - first)]


class Passes:
    """The frames of a source, of which two passes at most stay open.

    >>> with Passes(source, 101, overlap=4) as passes:
    ...     for pixels in passes.read(0, 21): ...
    ...     for pixels in passes.read(17, 38): ...
    """

    def __init__(self, source: Source, frames: int, overlap: int = 0) -> None:
        """frames: of the source, as many as are whole.  overlap: frames that a read may begin before another's end."""
        self._source = source
        self._frames = frames
        self._overlap = overlap
        self._idle: list[_Pass] = []
        self._closed = False

    def read(self, start: int, stop: int) -> Generator[Pixels, None, None]:
        """The pixels from ``start`` until before ``stop``. Raises as ``Source.read`` does."""
        taken = self._taken(start)
        going_on = False
        try:
            yield from taken.again(start, stop)
            while taken.place < stop:
                frame = next(taken.frames, None)
                if frame is None:
                    return
                taken.place += 1
                taken.kept.append(frame.pixels)
                yield frame.pixels
            going_on = True
        except GeneratorExit:
            going_on = True
            raise
        finally:
            if going_on and not self._closed:
                self._idle.append(taken)
                while len(self._idle) > _MOST:
                    self._idle.pop(0).frames.close()
            else:
                taken.frames.close()

    def _taken(self, start: int) -> _Pass:
        for known in self._idle:
            if known.reaches(start):
                self._idle.remove(known)
                return known
        return _Pass(start, self._source.read(start, self._frames), deque(maxlen=self._overlap))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        for known in self._idle:
            known.frames.close()
        self._idle.clear()
