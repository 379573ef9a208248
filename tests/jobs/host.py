"""One server of jobs, for a process of its own that is killed and stopped.

It runs jobs as ``ScriptedRunner`` does and, where a moment is named, kills itself with signal 9 when it comes there.
"""

from __future__ import annotations

import asyncio
import functools
import os
import signal
from pathlib import Path
from typing import Any

from greenroom.jobs import hosts
from greenroom.jobs.artifacts import ArtifactStore
from greenroom.jobs.engine import Engine
from greenroom.jobs.transitions import Transitions
from tests.jobs.service import running

BEAT_S = 0.25
# Longer than any test: a host that is slow is not lost, unless a test is about that.
LOST_AFTER_S = 3600.0
# Where a server may be when it is lost; "commit" is inside the transaction, whose changes are then undone.
MOMENTS: dict[str, tuple[type, str, str]] = {
    "before the claim": (Engine, "claim", "before"),
    "after the claim": (Engine, "claim", "after"),
    "before it begins": (Transitions, "begin", "before"),
    "in the commit that begins": (Transitions, "begin", "after"),
    "before files are stored": (ArtifactStore, "keep_made", "before"),
    "after files are stored": (ArtifactStore, "keep_made", "after"),
    "before it is settled": (Transitions, "succeed", "before"),
    "in the commit that settles": (Transitions, "succeed", "after"),
}


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _prepare_to_die(moment: str) -> None:
    owner, name, when = MOMENTS[moment]
    real = getattr(owner, name)

    @functools.wraps(real)
    def dying(*arguments: Any, **named: Any) -> Any:
        if when == "before":
            _die()
        result = real(*arguments, **named)
        if asyncio.iscoroutine(result):
            return _dying_after(result)
        if result:
            _die()
        return result

    setattr(owner, name, dying)


async def _dying_after(work: Any) -> Any:
    await work
    _die()


async def _main(url: str, folder: Path) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    async with running(folder, url=url):
        print("ready", flush=True)
        await stopping.wait()


def host(
    url: str, folder: Path, die_at: str | None = None, beat_s: float = BEAT_S, lost_after_s: float = LOST_AFTER_S
) -> None:
    """Serve jobs until SIGTERM; says ``ready`` on standard output.

    die_at: one of MOMENTS.  lost_after_s: so long another host's beats may stand still.
    """
    hosts.BEAT_S, hosts.LOST_AFTER_S = beat_s, lost_after_s
    if die_at is not None:
        _prepare_to_die(die_at)
    asyncio.run(_main(url, folder))
