"""How long a request may say nothing: whatever it says is a sign of life, and only silence is none."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, cast

import pytest

from greenroom.models.model import Generated
from greenroom.serve.workers.observer import Observer
from greenroom.serve.workers.options import PoolOptions
from greenroom.serve.workers.protocol import Chunk, Progress, Shown, Told
from greenroom.serve.workers.running import Running
from greenroom.serve.workers.ticket import Chunks, Ticket
from tests.serve.virtual_time import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.serve.workers.life import Line

SILENT_S = 60.0
SAYS: dict[str, Callable[[Running], None]] = {
    "a step": lambda running: running.progress(Progress(7, "talking", 1.0, 2.0)),
    "a fact": lambda running: running.told(Told(7, "plan", {})),
    "a file": lambda running: running.shown(Shown(7, "/s/x.png", "image/png")),
    "bytes": lambda running: running.chunk(Chunk(7, b"x")),
}


class _Line:
    """Takes what is sent."""

    def send(self, data: bytes) -> None:
        """Nothing comes of it."""


def begun(chunks: Chunks | None = None, *, paused_at: int = 1000) -> tuple[Running, list[float]]:
    """A request that runs, and when it was taken for hung."""
    hung: list[float] = []
    running = Running(
        PoolOptions(paused_at=paused_at),
        Observer(),
        lambda _: None,
        {"m": SILENT_S},
        lambda _: hung.append(time.monotonic()),
    )
    future: asyncio.Future[Generated] = asyncio.get_running_loop().create_future()
    ticket = Ticket(7, "m", b"", "", False, lambda *_: None, future, time.monotonic(), chunks)
    running.begin(ticket, cast("Line", _Line()))
    return running, hung


def test_one_that_says_nothing_is_taken_for_hung(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        _, hung = begun()
        await asyncio.sleep(10 * SILENT_S)
        assert hung == [SILENT_S]

    run(work(), monkeypatch)


@pytest.mark.parametrize("word", SAYS)
def test_whatever_it_says_is_a_sign_of_life_however_long_it_takes(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        running, hung = begun(Chunks())
        for _ in range(20):
            await asyncio.sleep(SILENT_S - 1)
            SAYS[word](running)
        assert hung == []
        said = time.monotonic()
        await asyncio.sleep(10 * SILENT_S)
        assert hung == [said + SILENT_S]

    run(work(), monkeypatch)


def test_one_whose_reader_is_slow_has_nowhere_to_say_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        chunks = Chunks()
        running, hung = begun(chunks, paused_at=3)
        running.chunk(Chunk(7, b"abc"))
        await asyncio.sleep(20 * SILENT_S)
        assert hung == []
        read: Any = await chunks.next()
        assert read == b"abc"
        await asyncio.sleep(2 * SILENT_S + 1)
        assert len(hung) == 1

    run(work(), monkeypatch)


def test_one_that_has_ended_is_not_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        running, hung = begun()
        running.let_go()
        await asyncio.sleep(10 * SILENT_S)
        assert hung == []

    run(work(), monkeypatch)
