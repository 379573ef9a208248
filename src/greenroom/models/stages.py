"""How long each stage of a request took."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
