"""Progress of a running job on its way to the database: not more often than people can read, the last word always."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from typing import TYPE_CHECKING

from greenroom.errors import GreenroomError
from greenroom.jobs.job import Progress

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_EVERY_S = 0.5
_log = logging.getLogger("greenroom.jobs")


class Reporter:
    """A ``Step`` that remembers the newest progress and writes it at most twice a second.

    >>> async with Reporter(write) as reporter:
    ...     await run(step=reporter.step)
    """

    def __init__(self, write: Callable[[Progress], Awaitable[None]]) -> None:
        self._write = write
        self._newest: Progress | None = None
        self._fresh = asyncio.Event()
        self._stage = ""
        self._first = (0.0, 0.0)
        self._task: asyncio.Task[None] | None = None

    def step(self, stage: str, done: float, total: float) -> None:
        """Take a progress. Called in the event loop."""
        # What is no number is no JSON.
        done, total = (value if math.isfinite(value) else 0.0 for value in (done, total))
        moment = time.monotonic()
        if stage != self._stage:
            self._stage, self._first = stage, (moment, done)
        since, first = self._first
        pace = (done - first) / (moment - since) if moment > since else 0.0
        eta = round((total - done) / pace, 1) if pace > 0 and total > done else None
        self._newest = Progress(stage, done, total, eta)
        self._fresh.set()

    async def __aenter__(self) -> Reporter:
        self._task = asyncio.create_task(self._report())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _report(self) -> None:
        while True:
            await self._fresh.wait()
            self._fresh.clear()
            if self._newest is not None:
                try:
                    await self._write(self._newest)
                except GreenroomError as error:  # a lost progress harms nobody
                    _log.warning("progress was not written: %s", error)
            await asyncio.sleep(_EVERY_S)
