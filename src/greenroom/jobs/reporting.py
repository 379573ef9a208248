"""What is said of a running job on its way to the database: progress as often as people can read, facts all."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from typing import TYPE_CHECKING, Any

from greenroom.errors import GreenroomError
from greenroom.jobs.job import Progress
from greenroom.jobs.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

_EVERY_S = 0.5
# Of work of hours less often: each is an event, and whoever opens its page reads all of them.
_SELDOM_S = 5.0
_OF_ITS_TIME = 1 / 1000
# Facts that were told last are waited for so long: the result is worth more.
_LAST_S = 30.0
_log = logging.getLogger("greenroom.jobs")


class Reporter:
    """A ``Step`` that remembers the newest progress and writes it at most twice a second; and facts, in their order.

    >>> async with Reporter(write) as reporter:
    ...     await run(step=reporter.step)
    """

    def __init__(self, write: Callable[[Progress], Awaitable[None]]) -> None:
        self._write = write
        self._newest: Progress | None = None
        self._fresh = asyncio.Event()
        self._pace = Pace()
        self._facts: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []

    def step(self, stage: str, done: float, total: float) -> None:
        """Take a progress. Called in the event loop."""
        # What is no number is no JSON.
        done, total = (value if math.isfinite(value) else 0.0 for value in (done, total))
        self._newest = Progress(stage, done, total, self._pace.left(stage, done, total))
        self._fresh.set()

    def expect(self, plan: Mapping[str, Any]) -> None:
        """Take a plan, from which it may be told how long the work will take. Called in the event loop."""
        self._pace.expect(plan)

    def note(self, write: Callable[[], Awaitable[None]]) -> None:
        """Take a fact. write: called once, behind the facts before it. Called in the event loop."""
        self._facts.put_nowait(write)

    async def __aenter__(self) -> Reporter:
        self._tasks = [asyncio.create_task(self._report()), asyncio.create_task(self._note())]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None or not issubclass(kind, asyncio.CancelledError):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._facts.join(), _LAST_S)
        finally:
            for task in self._tasks:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _report(self) -> None:
        begun = time.monotonic()
        while True:
            await self._fresh.wait()
            self._fresh.clear()
            if self._newest is not None:
                try:
                    await self._write(self._newest)
                except GreenroomError as error:  # a lost progress harms nobody
                    _log.warning("progress was not written: %s", error)
            await asyncio.sleep(pause_after(time.monotonic() - begun))

    async def _note(self) -> None:
        while True:
            write = await self._facts.get()
            try:
                await write()
            except GreenroomError as error:  # nobody loses a result for what was said on the way to it
                _log.warning("what a job told was not written: %s", error)
            except Exception:
                _log.exception("what a job told was not written")
            finally:
                self._facts.task_done()


def pause_after(seconds: float) -> float:
    """Seconds until progress is written again, of work that has run for so long."""
    return min(_SELDOM_S, max(_EVERY_S, seconds * _OF_ITS_TIME))
