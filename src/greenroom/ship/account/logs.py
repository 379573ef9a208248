"""The end of a log in the report of a release that failed."""

from __future__ import annotations

import contextlib
from itertools import islice
from typing import TYPE_CHECKING

from greenroom.ship.runpod.errors import RunPodError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenroom.plan.actions import Attempt
    from greenroom.ship.runpod.types import LogLine

# Lines that a report keeps, and seconds without one until there are no more.
_LINES = 15
_QUIET_S = 2.0


def tell(logs: Callable[..., Iterator[LogLine]], who: str, attempt: Attempt) -> None:
    """Say the last lines; a log that cannot be had hides no failure. logs: takes ``tail`` and ``quiet_s``."""
    with contextlib.suppress(RunPodError):
        for line in islice(logs(tail=_LINES, quiet_s=_QUIET_S), _LINES):
            attempt.say(f"{who}: {line.line}")
