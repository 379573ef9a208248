"""Being told to end, remembered: native code sometimes swallows the exception that says so.

Measured: on a busy machine about one Ctrl-C in a hundred was lost inside the voice's engine, and the work went on.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from types import FrameType

    from greenroom.progress import Step

_told: list[int] = []


def install() -> None:
    """Let Ctrl-C and SIGTERM end the work by KeyboardInterrupt: where they arrive, or else at its next step."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # A shell that starts us in the background asks for Ctrl-C to be ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def stopping(step: Step) -> Step:
    """A step that also looks whether this process was told to end."""

    def look(stage: str, done: float, total: float) -> None:
        if _told:
            raise KeyboardInterrupt
        step(stage, done, total)

    return look


def _interrupt(number: int, _: FrameType | None) -> NoReturn:
    _told.append(number)
    raise KeyboardInterrupt
