"""Pools of test models, with real worker processes, and what tests ask of them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenroom.models.registry import find
from greenroom.serve.workers.observer import Observer
from greenroom.serve.workers.options import PoolOptions
from greenroom.serve.workers.pool import Pool
from greenroom.serve.workers.pulse import Pulse

if TYPE_CHECKING:
    import pytest

# Long for a loaded machine; nothing waits so long that works.
PATIENCE_S = 60.0
# A worker of a busy machine may stand still for two seconds, and lives.
FROZEN_S = 3.0


class Seen(Observer):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.restarts: list[tuple[str, str]] = []
        self.short: list[str] = []
        self.stages: list[tuple[str, str]] = []

    def restarted(self, device: str, reason: str) -> None:
        self.restarts.append((device, reason))

    def out_of_memory(self, model: str) -> None:
        self.short.append(model)

    def stage(self, model: str, name: str, seconds: float) -> None:
        assert seconds >= 0
        self.stages.append((called(model), name))


class Pulses:
    """How often it was looked whether a worker lives, and how often one was asked."""

    def __init__(self, patched: pytest.MonkeyPatch) -> None:
        self.beats = self.asked = 0
        beat, ask = Pulse._beat, Pulse._ask

        def beating(pulse: Pulse) -> None:
            self.beats += 1
            beat(pulse)

        def asking(pulse: Pulse, within_s: float) -> None:
            self.asked += 1
            ask(pulse, within_s)

        patched.setattr(Pulse, "_beat", beating)
        patched.setattr(Pulse, "_ask", asking)

    async def beat(self, times: int) -> None:
        """Wait until it was looked so often more."""
        wanted = self.beats + times
        await eventually(lambda: self.beats >= wanted)


def named(name: str) -> str:
    """What the pool calls a test model."""
    return f"tests.serve.models:{name}"


def called(name: str) -> str:
    """The class alone."""
    return name.rpartition(":")[2]


@contextlib.asynccontextmanager
async def pool_of(
    *names: str,
    folder: Path,
    devices: Sequence[str] = ("cpu",),
    observer: Observer | None = None,
    wait: bool = True,
    **options: Any,
) -> AsyncIterator[Pool]:
    """A pool whose models are ready, unless told not to ``wait``; stopped at the end, with nothing left of it."""
    served = [find(named(name)) for name in names]
    pool = Pool(served, devices, folder / "pool", PoolOptions(**options), observer)
    await pool.start()
    try:
        if wait:
            await until(
                pool, lambda: all(pool.idle(model.name) == len(devices) * model.concurrency for model in served)
            )
        yield pool
    finally:
        pids = list(pool.pids().values())
        await pool.stop(0)
    assert not any(alive(pid) for pid in pids)


async def until(pool: Pool, holds: Callable[[], bool]) -> None:
    """Wait until something about the pool holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await pool.changed()


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something outside the pool holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.01)


def fresh(tmp_path: Path) -> Path:
    """A folder for one request."""
    folder = tmp_path / f"request-{time.monotonic_ns()}"
    folder.mkdir()
    return folder


def state(pool: Pool, name: str, device: str = "cpu") -> str:
    """How a test model stands."""
    return next(each.state for each in pool.states() if (each.name, each.device) == (named(name), device))


def reason(pool: Pool, name: str) -> str:
    """Why a test model is not ready."""
    return next(each.reason for each in pool.states() if each.name == named(name))


def alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and unburied does too."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
