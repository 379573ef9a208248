"""Claims jobs for this host in the moment in which it can run them, as many as it has places for."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from greenroom.jobs.database import is_away
from greenroom.jobs.news import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.jobs.engine import Engine
    from greenroom.jobs.runner import Runner

# How soon a job is seen that another server accepted, or whose pause is over.
_LOOK_S = 0.5
# Slow receivers hold a place each.
_DELIVERIES_AT_ONCE = 32
# Beside those that run, so many jobs may have their files fetched.
_FETCHING_AT_ONCE = 2
_log = logging.getLogger("greenroom.jobs")


class Dispatcher:
    """The loop that fills the places of devices. ``starting``: claimed jobs that have not asked for their device yet.

    The database is asked when something may be new, and when a device is free and its queue was not empty the last
    time: requests that are no jobs free devices, too, and must not cost a look at the database each.
    """

    def __init__(self, engine: Engine, runner: Runner, preparing: Callable[[], int]) -> None:
        self._engine, self._runner, self._preparing = engine, runner, preparing
        # Its own thread: a database that is away must not keep others from theirs.
        self._thread = ThreadPoolExecutor(1, "claims")
        self._wake = asyncio.Event()
        self._is_fresh = True
        self._looked = 0.0
        self._waiting: set[str] = set()
        self._turn = 0
        self.starting = 0
        self.delivering = 0

    def wake(self) -> None:
        """There may be something new to claim."""
        self._is_fresh = True
        self._wake.set()

    def freed(self) -> None:
        """A device may be free."""
        if self._waiting:
            self._wake.set()

    async def run(self) -> None:
        """Claim until cancelled; a claim that has begun is finished first."""
        listening = asyncio.create_task(self._listen())
        try:
            while True:
                claiming = asyncio.ensure_future(self._claim())
                try:
                    claimed = await asyncio.shield(claiming)
                except asyncio.CancelledError:
                    await asyncio.wait([claiming])
                    raise
                except Exception as error:
                    if not is_away(error):
                        _log.exception("claiming failed")
                    claimed = 0
                if claimed:
                    await asyncio.sleep(0)
                else:
                    await wait_for(self._wake, _LOOK_S)
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening
            self._thread.shutdown(wait=False)

    async def _listen(self) -> None:
        while True:
            await self._runner.changed()
            self.freed()

    async def _claim(self) -> int:
        """One round over all models, each time beginning with another one, so that none waits for ever."""
        moment = time.monotonic()
        is_fresh, self._is_fresh = self._is_fresh or moment - self._looked >= _LOOK_S, False
        if is_fresh:
            self._looked = moment
        claimed = 0
        for model in self._rotated():
            if is_fresh or model in self._waiting:
                claimed += await self._claim_of(model)
        room = _DELIVERIES_AT_ONCE - self.delivering
        if is_fresh and room > 0:
            count = await self._in_thread(self._engine.claim_deliveries, room)
            self.delivering += count
            claimed += count
        return claimed

    async def _claim_of(self, model: str) -> int:
        free = self._runner.idle(model) - self.starting
        # Until an empty queue is seen, there may be more in it.
        self._waiting.add(model)
        if free <= 0 or self._preparing() > _FETCHING_AT_ONCE:
            return 0
        count = await self._in_thread(self._engine.claim, model, free)
        self.starting += count
        if count < free:
            self._waiting.discard(model)
        return count

    async def _in_thread(self, claim: Callable[..., int], *arguments: Any) -> int:
        return await asyncio.get_running_loop().run_in_executor(self._thread, claim, *arguments)

    def _rotated(self) -> list[str]:
        models = list(self._runner.models())
        self._turn += 1
        first = self._turn % len(models) if models else 0
        return models[first:] + models[:first]
