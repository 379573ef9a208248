"""After a pause of the whole machine, a process that does not answer is replaced before it gets work."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from greenroom.models.registry import find
from greenroom.serve.runpod.background import Background
from greenroom.serve.runpod.readiness import Readiness
from greenroom.serve.workers.options import PoolOptions
from greenroom.serve.workers.pool import Pool
from tests.serve.runpod.platform import wait_for

NOOP = "tests.serve.models:Noop"


def freeze(pid: int) -> None:
    """Stop a process, and wait until each of its threads stands still: one that runs might still answer."""
    os.kill(pid, signal.SIGSTOP)
    threads = Path(f"/proc/{pid}/task")
    wait_for(lambda: all((each / "stat").read_text().rsplit(")", 1)[1].split()[0] == "T" for each in threads.iterdir()))


@pytest.mark.parametrize("frozen", [False, True])
def test_only_a_process_that_keeps_silent_is_replaced(tmp_path: Path, frozen: bool) -> None:
    async def work() -> tuple[int, int]:
        pool = Pool([find(NOOP)], ["cpu"], tmp_path, PoolOptions())
        await pool.start()
        await Readiness(pool, NOOP, Background()).until_ready()
        while not pool.idle(NOOP):
            await pool.changed()
        before = pool.pids()["cpu"]
        if frozen:
            freeze(before)
        await pool.rouse(0.3 if frozen else 60.0)
        await Readiness(pool, NOOP, Background()).until_ready()
        made = await pool.run(NOOP, {"text": "hello"}, tmp_path)
        assert made.output == {"echo": {"text": "hello"}}
        after = pool.pids()["cpu"]
        await pool.stop(1.0)
        return before, after

    before, after = asyncio.run(work())
    assert (after != before) is frozen
