"""Two loops in two threads: results, failures, cancels and streams cross from one to the other."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator

import pytest

from greenroom.serve.runpod.background import Background
from tests.serve.runpod.platform import wait_for


class Source:
    """Blocks, and whether whoever asked for them has let go."""

    def __init__(self, count: int, *, pause_s: float = 0.0, fails: bool = False) -> None:
        self._count = count
        self._pause_s = pause_s
        self._fails = fails
        self.given = 0
        self.closed = threading.Event()

    async def blocks(self) -> AsyncGenerator[bytes, None]:
        try:
            for number in range(self._count):
                self.given += 1
                yield bytes([number % 256]) * 10
                await asyncio.sleep(self._pause_s)
            if self._fails:
                raise ValueError("lost")
        finally:
            self.closed.set()


async def named() -> str:
    return threading.current_thread().name


async def endless() -> None:
    await asyncio.sleep(60)


def test_work_is_done_in_the_other_thread() -> None:
    with Background() as background:
        assert background.call(named()) == "greenroom-pool"
        assert asyncio.run(background.ask(named())) == "greenroom-pool"


def test_a_failure_comes_back() -> None:
    async def lost() -> None:
        raise ValueError("lost")

    with Background() as background, pytest.raises(ValueError, match="lost"):
        asyncio.run(background.ask(lost()))


def test_who_is_cancelled_here_cancels_it_there() -> None:
    begun, stopped = threading.Event(), threading.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            stopped.set()
            raise

    async def caller(background: Background) -> None:
        task = asyncio.ensure_future(background.ask(work()))
        await asyncio.to_thread(wait_for, begun.is_set)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with Background() as background:
        asyncio.run(caller(background))
        assert stopped.wait(60)


def test_what_still_runs_ends_with_the_block() -> None:
    with Background() as background:
        task = asyncio.run_coroutine_threadsafe(endless(), background._loop)
    assert task.cancelled()


def test_a_stream_crosses_whole_and_in_order() -> None:
    async def read(background: Background) -> list[bytes]:
        source, pieces = Source(1000), []
        async for piece in background.iterate(source.blocks(), 64):
            pieces.append(piece)
            await asyncio.to_thread(wait_for, lambda: source.given > 200)  # there is more than one piece takes
        return pieces

    with Background() as background:
        pieces = asyncio.run(read(background))
    assert b"".join(pieces) == b"".join(bytes([number % 256]) * 10 for number in range(1000))
    assert max(map(len, pieces)) == 64


def test_blocks_that_wait_are_joined() -> None:
    async def read(background: Background) -> int:
        source, count = Source(100), 0
        async for _ in background.iterate(source.blocks(), 1_000_000):
            await asyncio.to_thread(wait_for, source.closed.is_set)
            count += 1
        return count

    with Background() as background:
        assert asyncio.run(read(background)) <= 3


def test_a_stream_that_fails_gives_what_it_had_and_then_the_failure() -> None:
    async def read(background: Background) -> bytes:
        held = b""
        with pytest.raises(ValueError, match="lost"):
            async for piece in background.iterate(Source(3, fails=True).blocks(), 10):
                held += piece
        return held

    with Background() as background:
        assert len(asyncio.run(read(background))) == 30


def test_a_reader_that_is_gone_closes_the_source_even_if_it_closes_nothing() -> None:
    source = Source(10_000, pause_s=0.01)

    async def read(background: Background) -> None:
        kept = []

        async def reader() -> None:
            kept.append(pieces := background.iterate(source.blocks(), 10))
            async for _ in pieces:
                await asyncio.sleep(60)

        task = asyncio.ensure_future(reader())
        await asyncio.to_thread(wait_for, lambda: source.given)
        task.cancel()
        await asyncio.wait([task])
        await asyncio.to_thread(wait_for, source.closed.is_set)

    with Background() as background:
        asyncio.run(read(background))
