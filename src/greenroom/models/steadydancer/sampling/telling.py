"""What is told of a loop, told again while it does not get on, since whoever hears it may say stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenroom.progress import Step


class Telling:
    """A step that can be told again."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._last: tuple[str, float, float] | None = None

    def __call__(self, stage: str, done: float, total: float) -> None:
        self._last = stage, done, total
        self._step(stage, done, total)

    def again(self) -> None:
        """What was told last. Raises what the step raises."""
        if self._last is not None:
            self._step(*self._last)
