"""Progress of one job: at most one message a second, in order, and none once the result is on its way."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Self

from greenroom.jobs.job import PLAN
from greenroom.jobs.job import Progress as Standing
from greenroom.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Send = Callable[[Mapping[str, Any]], Awaitable[None]]

# The platform's advice; a job that takes less says nothing, which spares it a request.
EVERY_S = 1.0
# A message under way is waited for so long; then its connection is dropped, and the result goes first.
_LAST_S = 10.0


class Progress:
    """Sends while the block runs; afterwards nothing is in flight. It is a ``Step``, callable from any thread.

    A message takes the place of the one before it, so that each holds all facts that were told, the newest of a kind.

    >>> async with Progress(send) as step:
    ...     step("sampling", 3, 32)
    """

    def __init__(self, send: Send, every_s: float = EVERY_S, stages: Mapping[str, float] | None = None) -> None:
        """stages: of the model's work, as ``Pace`` takes them."""
        self._send = send
        self._every_s = every_s
        self._latest: Standing | None = None
        self._facts: dict[str, Any] = {}
        self._pace = Pace()
        self._pace.expect(stages)
        self._over = asyncio.Event()

    def __call__(self, stage: str, done: float, total: float) -> None:
        self._pace.step(stage, done, total)
        self._latest = Standing(stage, done, total, self._pace.left, self._pace.share)

    def tell(self, kind: str, data: Mapping[str, Any]) -> None:
        """Take a fact, such as the plan; from any thread."""
        if kind == PLAN:
            self._pace.expect(data.get("stages"))
        self._facts = {**self._facts, kind: data}

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
        told: tuple[Any, Any] = (None, {})
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), self._every_s)
            latest, facts = self._latest, self._facts
            if (latest, facts) != told and not self._over.is_set():
                told = (latest, facts)
                message = {**(_message(latest) if latest else {}), **({"told": facts} if facts else {})}
                with contextlib.suppress(Exception):  # the next message, or the result, says more than this one did
                    await self._send(message)


def _message(now: Standing) -> dict[str, Any]:
    """In the words of ``/v1/jobs``: ``stage, done, total, fraction, eta_s``."""
    said = {"stage": now.stage, "done": now.done, "total": now.total}
    return {**said, "fraction": round(now.fraction, 4), "eta_s": now.eta_s}
