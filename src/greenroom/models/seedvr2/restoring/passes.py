"""Passes through a source that go on where they stand.

A shot is read twice, to be restored and for its colours, and shots come one after another: so two passes through the
whole, side by side, read everything. Most containers that cannot be entered in their middle are read no more often so.
"""

from __future__ import annotations

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
    """place: of the frame that comes next."""

    place: int
    frames: Generator[Frame, None, None]


class Passes:
    """The frames of a source, of which two passes at most stay open.

    >>> with Passes(source) as passes:
    ...     for pixels in passes.read(0, 21): ...
    """

    def __init__(self, source: Source, frames: int) -> None:
        """frames: of the source, as many as are whole."""
        self._source = source
        self._frames = frames
        self._idle: list[_Pass] = []
        self._closed = False

    def read(self, start: int, stop: int) -> Generator[Pixels, None, None]:
        """The pixels from ``start`` until before ``stop``. Raises as ``Source.read`` does."""
        taken = self._taken(start)
        going_on = False
        try:
            while taken.place < stop:
                frame = next(taken.frames, None)
                if frame is None:
                    return
                taken.place += 1
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
            if known.place == start:
                self._idle.remove(known)
                return known
        return _Pass(start, self._source.read(start, self._frames))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        for known in self._idle:
            known.frames.close()
        self._idle.clear()
