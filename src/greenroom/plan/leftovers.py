"""What a killed run left running, found by a variable that its scripts handed on, and ended before anything is done.

The guard of a script ends its group at once when greenroom dies. This finds what the guard had not ended yet, and what
had left the group.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_VARIABLE = "GREENROOM_PLAN_STEP"
_PROCESSES = Path("/proc")
_LOOK_S = 0.005
# Seconds until what is still there is left alone: nothing but the kernel holds it.
_PATIENCE_S = 5.0


def marked(activity: Path, order: int) -> dict[str, str]:
    """The variable for scripts that run after a line of a log; order: of that line."""
    return {_VARIABLE: f"{activity.resolve()}#{order}"}


def end_leftovers(activity: Path, orders: Collection[int]) -> None:
    """End the processes of scripts that ran after these lines, on this machine; what is no longer there is no error.

    One who works in a shell that such a script left behind is not cut off by it.
    """
    values = {f"{activity.resolve()}#{order}" for order in orders} - {os.environ.get(_VARIABLE, "")}
    marks = {os.fsencode(f"{_VARIABLE}={value}") for value in values}
    end = time.monotonic() + _PATIENCE_S
    while marks and (found := list(_marked_by(marks))) and time.monotonic() < end:
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_LOOK_S)


def _marked_by(marks: set[bytes]) -> Iterator[int]:
    for path in _PROCESSES.glob("[1-9]*"):
        # One that has ended has no environment any more, and those of others cannot be read.
        with contextlib.suppress(OSError):
            if not marks.isdisjoint((path / "environ").read_bytes().split(b"\0")):
                yield int(path.name)
