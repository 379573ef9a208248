"""Where a restoration stands, counted in frames of the whole clip, and how long each of its stages took."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.progress import Step


class Stages:
    """A step that measures. seconds: of each stage, by its name; what lies between two calls is the earlier one's."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._stage: str | None = None
        self._since = time.monotonic()
        self.seconds: dict[str, float] = {}

    def __call__(self, stage: str, done: float, total: float) -> None:
        """See ``Step``."""
        self._count()
        self._stage = stage
        self._step(stage, done, total)

    def end(self) -> None:
        """The stage that was told last has ended."""
        self._count()
        self._stage = None

    def _count(self) -> None:
        now = time.monotonic()
        if self._stage is not None:
            self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + now - self._since
        self._since = now


class OfShot:
    """What an engine says of a shot, said of the clip.

    start: the shot's first frame.  spans: of the windows that the engine does, in order, counted from there.
    frames: of the clip.
    """

    def __init__(self, step: Step, start: int, spans: Sequence[tuple[int, int]], frames: int) -> None:
        self._step = step
        self._start, self._spans, self._frames = start, spans, frames
        self._window = -1
        self._stage = ""

    def __call__(self, stage: str, done: float, total: float) -> None:
        """See ``Step``."""
        if stage == "encoding" and self._stage != stage:
            self._window += 1
        self._stage = stage
        if stage == "restoring":  # its unit is a block of the network
            first, behind = self._spans[self._window]
            done = first + (behind - first) * done / total
        self._step(stage, self._start + done, self._frames)
