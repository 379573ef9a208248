"""Progress of one job: at most one message a second, in order, and none once the result is on its way."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Send = Callable[[Mapping[str, Any]], Awaitable[None]]

# The platform's advice; a job that takes less says nothing, which spares it a request.
EVERY_S = 1.0
# A message under way is waited for so long; then its connection is dropped, and the result goes first.
_LAST_S = 10.0


class Progress:
    """Sends while the block runs; afterwards nothing is in flight. It is a ``Step``, callable from any thread.

    >>> async with Progress(send) as step:
    ...     step("sampling", 3, 32)
    """

    def __init__(self, send: Send, every_s: float = EVERY_S) -> None:
        self._send = send
        self._every_s = every_s
        self._latest: tuple[str, float, float] | None = None
        self._began = (time.monotonic(), "", 0.0)  # when, in which stage, at which step
        self._over = asyncio.Event()

    def __call__(self, stage: str, done: float, total: float) -> None:
        if stage != self._began[1]:
            self._began = (time.monotonic(), stage, done)
        self._latest = (stage, done, total)

    async def __aenter__(self) -> Self:
        self._telling = asyncio.ensure_future(self._tell())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._over.set()
        if kind is not None and issubclass(kind, asyncio.CancelledError):
            self._telling.cancel()  # nothing follows, so nothing can be overtaken
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._telling, _LAST_S)

    async def _tell(self) -> None:
        told = None
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), self._every_s)
            latest = self._latest
            if latest and latest != told and not self._over.is_set():
                told = latest
                with contextlib.suppress(Exception):  # the next message, or the result, says more than this one did
                    await self._send(self._message(*latest))

    def _message(self, stage: str, done: float, total: float) -> dict[str, Any]:
        """As a job of ``/v1/jobs`` says it: ``stage, done, total, fraction, eta_s``."""
        fraction = min(1.0, max(0.0, done / total)) if total > 0 else 0.0
        began, _, first = self._began
        pace = (time.monotonic() - began) / (done - first) if done > first else None
        eta_s = None if pace is None or total <= 0 else round(max(0.0, total - done) * pace, 1)
        return {"stage": stage, "done": done, "total": total, "fraction": round(fraction, 4), "eta_s": eta_s}
