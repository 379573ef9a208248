"""Being told to end, remembered: native code sometimes swallows the exception that says so.

Measured: on a busy machine about one Ctrl-C in a hundred was lost inside the voice's engine, and the work went on.
"""

from __future__ import annotations

import signal
import sys
from functools import partial
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from greenroom.progress import Step

_told: list[int] = []


def install() -> None:
    """Let Ctrl-C and SIGTERM end the work by KeyboardInterrupt: where they arrive, or else at its next step."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # A shell that starts us in the background asks for Ctrl-C to be ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    sys.unraisablehook = partial(_swallowed, sys.unraisablehook)


def stopping(step: Step) -> Step:
    """A step that also looks whether this process was told to end."""

    def look(stage: str, done: float, total: float) -> None:
        if _told:
            raise KeyboardInterrupt
        step(stage, done, total)

    return look


def _swallowed(say: Callable[[sys.UnraisableHookArgs], object], what: sys.UnraisableHookArgs) -> None:
    """Say what could not be raised, such as in a finalizer; being told to end is remembered, and no news to anybody."""
    if not (_told and isinstance(what.exc_value, KeyboardInterrupt)):
        say(what)


def _interrupt(number: int, _: FrameType | None) -> NoReturn:
    _told.append(number)
    raise KeyboardInterrupt
