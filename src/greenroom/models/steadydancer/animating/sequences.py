"""Skeletons as the engine asks for them: by their numbers, in order but for steps back where windows overlap."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from greenroom.models.steadydancer.pose.drawing import TWICE, drawn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenroom.models.steadydancer.pose.aligning import Aligned
    from greenroom.models.steadydancer.pose.pictures import Picture

_KEPT = 24  # pictures of some megabytes each: more than windows of long clips overlap by


class Drawn(Sequence["Picture"]):
    """Skeletons that are drawn when they are asked for."""

    def __init__(self, fitted: Aligned) -> None:
        self._fitted = fitted

    def __len__(self) -> int:
        return len(self._fitted.skeletons)

    @overload
    def __getitem__(self, number: int) -> Picture: ...
    @overload
    def __getitem__(self, number: slice) -> list[Picture]: ...
    def __getitem__(self, number: int | slice) -> Picture | list[Picture]:
        """Raises IndexError."""
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        place = _place(number, len(self))
        return drawn(self._fitted.skeletons, place, TWICE * self._fitted.width, TWICE * self._fitted.height)


class Replayed(Sequence["Picture"]):
    """Pictures that come one after another, from the first as often as must be.

    The first one and those that were last are kept, so that a window that begins a little before the end of another
    does not begin anew.
    """

    def __init__(self, made: Callable[[], Iterator[Picture]], length: int) -> None:
        self._made, self._length = made, length
        self._first: Picture | None = None
        self._begin()

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, number: int) -> Picture: ...
    @overload
    def __getitem__(self, number: slice) -> list[Picture]: ...
    def __getitem__(self, number: int | slice) -> Picture | list[Picture]:
        """Raises IndexError, and what making them raises."""
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(self._length))]
        place = _place(number, self._length)
        if place == 0 and self._first is not None:
            return self._first
        if place < self._next - len(self._last):
            self._begin()
        while place >= self._next:
            self._last.append(next(self._pictures))
            self._next += 1
            if self._next == 1:
                self._first = self._last[0]
        return self._last[place - self._next]

    def _begin(self) -> None:
        self._pictures = self._made()
        self._last: deque[Picture] = deque(maxlen=_KEPT)
        self._next = 0


def _place(number: int, length: int) -> int:
    place = number + length if number < 0 else number
    if not 0 <= place < length:
        raise IndexError(number)
    return place
