"""One way of claiming entries of a queue, alone in a process: ``python claiming.py dbos-50|greenroom FOLDER``.

``dbos-50``: DBOS listens to its queue, polling every 50 ms, one workflow at a time. ``greenroom``: its dispatcher
claims in the moment in which its one device is free. Both on the same SQLite file with the same workflow, which does
nothing. Prints one JSON.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbos import DBOS
from dbos._dbos import _get_dbos_instance

from greenroom.jobs.database import Database, sqlite_url
from greenroom.jobs.dispatch import Dispatcher
from greenroom.jobs.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

_MODEL = "noop"
_BACKLOG, _ALONE, _IDLE_S = 200, 30, 8.0
_MOST_S = 12.0


class OneDevice:
    """A ``Runner`` with one device, as far as a dispatcher asks it."""

    def __init__(self) -> None:
        self.is_free = True
        self._changed = asyncio.Event()

    def models(self) -> Sequence[str]:
        """One."""
        return (_MODEL,)

    def idle(self, model: str) -> int:
        """One while it is free."""
        return int(self.is_free)

    async def changed(self) -> None:
        """Wait until it is another."""
        await self._changed.wait()
        self._changed.clear()

    def say(self, *, is_free: bool) -> None:
        """It begins, or is done."""
        self.is_free = is_free
        self._changed.set()


class Measured:
    """Counts what has run. wake: called after an entry was queued."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(sqlite_url(folder / "jobs.sqlite"))
        self.database.prepare()
        self.ran: dict[str, float] = {}
        self.wake: Callable[[], None] = lambda: None
        self._sent = 0

    def job(self, job_id: str, run: int) -> None:
        """The workflow."""
        self.ran[job_id] = time.perf_counter()

    def put(self, engine: Engine, count: int = 1) -> list[str]:
        """Queue some, in one transaction."""
        names = [f"job_{self._sent + place}" for place in range(count)]
        self._sent += count

        def put(connection: Any) -> None:
            for name in names:
                engine.put(connection, name, run=1, model=_MODEL, priority=0)

        self.database.run(put)
        self.wake()
        return names

    async def until_ran(self, count: int) -> bool:
        """Wait until so many have run; whether they did in time."""
        end = time.perf_counter() + _MOST_S
        while len(self.ran) < count and time.perf_counter() < end:
            await asyncio.sleep(0.002)
        return len(self.ran) >= count


async def _measure(measured: Measured, engine: Engine) -> dict[str, float]:
    await asyncio.sleep(1.0)
    before = time.process_time()
    await asyncio.sleep(_IDLE_S)
    idle = (time.process_time() - before) / _IDLE_S
    waits = []
    for number in range(_ALONE):
        await asyncio.sleep(0.03 + 0.0137 * (number % 7))
        began = time.perf_counter()
        (name,) = await asyncio.to_thread(measured.put, engine)
        await measured.until_ran(number + 1)
        waits.append((measured.ran[name] - began) * 1000)
    began = time.perf_counter()
    await asyncio.to_thread(measured.put, engine, _BACKLOG)
    await measured.until_ran(_ALONE + _BACKLOG)
    return {
        "idle_cpu_percent": round(100 * idle, 2),
        "p50_ms": round(statistics.median(waits), 2),
        "p99_ms": round(statistics.quantiles(waits, n=100)[98], 2),
        "finished_per_s": round((len(measured.ran) - _ALONE) / (time.perf_counter() - began), 1),
    }


async def by_dbos(folder: Path, every_s: float) -> dict[str, float]:
    """DBOS listens to the queue."""
    measured = Measured(folder)
    engine = Engine(measured.database, "host", job=measured.job, delivery=lambda *_: None)
    # greenroom has said that it listens to none, and DBOS takes that word once.
    _get_dbos_instance()._listening_queues = [f"model-{_MODEL}"]
    await asyncio.to_thread(engine.launch)
    await asyncio.to_thread(DBOS.register_queue, f"model-{_MODEL}", worker_concurrency=1, polling_interval_sec=every_s)
    try:
        return await _measure(measured, engine)
    finally:
        await asyncio.to_thread(engine.close)
        measured.database.close()


async def by_greenroom(folder: Path) -> dict[str, float]:
    """The dispatcher claims for one device."""
    measured, device, loop = Measured(folder), OneDevice(), asyncio.get_running_loop()

    def begin() -> None:
        device.say(is_free=False)
        dispatcher.starting -= 1

    def job(job_id: str, run: int) -> None:
        loop.call_soon_threadsafe(begin)
        measured.job(job_id, run)
        loop.call_soon_threadsafe(lambda: device.say(is_free=True))

    engine = Engine(measured.database, "host", job=job, delivery=lambda *_: None)
    dispatcher = Dispatcher(engine, device, lambda: 0)  # type: ignore[arg-type]  # it asks no more of it than this
    await asyncio.to_thread(engine.launch)

    def wake() -> None:
        loop.call_soon_threadsafe(dispatcher.wake)

    measured.wake = wake
    running = asyncio.create_task(dispatcher.run())
    try:
        return await _measure(measured, engine)
    finally:
        running.cancel()
        await asyncio.wait([running])
        await asyncio.to_thread(engine.close)
        measured.database.close()


def main(how: str, folder: Path) -> None:
    """Measure and print."""
    work: Awaitable[dict[str, float]] = (
        by_greenroom(folder) if how == "greenroom" else by_dbos(folder, int(how.removeprefix("dbos-")) / 1000)
    )

    async def run() -> dict[str, float]:
        return await work

    print(json.dumps(asyncio.run(run())))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
