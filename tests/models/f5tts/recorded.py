"""A stand-in for CUDA graphs: work done anew at each replay, so that what is recorded can be tried on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Repeated(Generic[T]):
    """As ``greenroom.runtime.graphs.Recorded``: the work is done once before it is recorded, and at each replay."""

    def __init__(self, work: Callable[[], T], pool: Any) -> None:
        self._work = work
        self.result = work()

    def replay(self) -> None:
        """Do the work."""
        self.result = self._work()
