"""Where a restoration stands, counted in frames of the whole clip."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.progress import Step


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
