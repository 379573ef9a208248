"""Claims jobs for this host in the moment in which it can run them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from greenroom.jobs.database import is_away
from greenroom.jobs.news import wait_for

if TYPE_CHECKING:
    from greenroom.jobs.engine import Engine
    from greenroom.jobs.runner import Runner

# How soon a job is seen that another server accepted, or whose pause is over.
_LOOK_S = 0.5
_DELIVERIES_AT_ONCE = 16
_log = logging.getLogger("greenroom.jobs")


class Dispatcher:
    """The loop that fills idle devices. ``starting``: claimed jobs that have not asked for their device yet."""

    def __init__(self, engine: Engine, runner: Runner) -> None:
        self._engine, self._runner = engine, runner
        self._wake = asyncio.Event()
        self._turn = 0
        self.starting = 0
        self.delivering = 0

    def wake(self) -> None:
        """There may be something to claim."""
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

    async def _listen(self) -> None:
        while True:
            await self._runner.changed()
            self._wake.set()

    async def _claim(self) -> int:
        """One round over all models, each time beginning with another one, so that none waits for ever."""
        claimed = 0
        models = self._rotated()
        for model in models:
            free = self._runner.idle(model) - self.starting
            if free > 0:
                count = await asyncio.to_thread(self._engine.claim, model, free)
                self.starting += count
                claimed += count
        room = _DELIVERIES_AT_ONCE - self.delivering
        if room > 0:
            count = await asyncio.to_thread(self._engine.claim_deliveries, room)
            self.delivering += count
            claimed += count
        return claimed

    def _rotated(self) -> list[str]:
        models = list(self._runner.models())
        self._turn += 1
        first = self._turn % len(models) if models else 0
        return models[first:] + models[:first]
