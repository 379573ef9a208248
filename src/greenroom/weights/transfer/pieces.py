"""What is still to come, cut into pieces for several streams."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(slots=True)
class Piece:
    """Bytes that one stream brings. start: the next one to come.  end: behind the last, None while nobody knows it."""

    start: int
    end: int | None

    @property
    def is_done(self) -> bool:
        """Whether all of it has come."""
        return self.end is not None and self.start >= self.end


class Pieces:
    """A queue in the order of the file, so that its beginning grows and can be hashed."""

    def __init__(self) -> None:
        self._waiting: deque[Piece] = deque()
        self._out = 0
        self._closed = False
        self._changed = threading.Condition()

    def add(self, piece: Piece) -> None:
        """Add one piece."""
        with self._changed:
            self._waiting.append(piece)
            self._changed.notify_all()

    def plan(self, gaps: Iterable[tuple[int, int]], length: int) -> int:
        """Add gaps, cut into pieces of ``length`` bytes at most; gives how many there are."""
        cut = [Piece(at, min(at + length, end)) for start, end in gaps for at in range(start, end, length)]
        with self._changed:
            self._waiting.extend(cut)
            self._changed.notify_all()
        return len(cut)

    def take(self) -> Piece | None:
        """The next piece. Waits while others are out, since they may be put back; None when there will be no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._waiting or not self._out)
            if self._closed or not self._waiting:
                return None
            self._out += 1
            return self._waiting.popleft()

    def give_back(self, piece: Piece) -> None:
        """Hand in a piece; what has not come of it is taken by another stream."""
        with self._changed:
            self._out -= 1
            if not piece.is_done:
                self._waiting.appendleft(piece)
            self._changed.notify_all()

    def close(self) -> None:
        """Let all who wait go."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
