"""A result that is heard while it is made, and a listener who leaves."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from greenroom.errors import InputInvalid
from greenroom.serve.workers.errors import WorkerFailure
from tests.serve.models import MARKS
from tests.serve.workers.pools import PATIENCE_S, Seen, eventually, fresh, named, pool_of

STREAMER = named("Streamer")


def test_bytes_come_while_the_rest_is_made_and_all_of_them_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model waits in its midst until what it made before has arrived."""
    monkeypatch.setenv(MARKS, str(tmp_path))

    async def work() -> None:
        async with asyncio.timeout(PATIENCE_S), pool_of("Streamer", folder=tmp_path) as pool:
            asked = {"chunks": 20, "size": 1000, "pause_s": 0, "waits_at": 7}
            got = b""
            async for data in pool.stream(STREAMER, asked, fresh(tmp_path)):
                got += data
                if len(got) == 7000:
                    (tmp_path / "open").touch()
            assert got == b"".join(bytes([place]) * 1000 for place in range(20))

    asyncio.run(work())


def test_closing_a_stream_stops_its_work(tmp_path: Path) -> None:
    async def work() -> None:
        seen = Seen()
        async with pool_of("Streamer", folder=tmp_path, observer=seen) as pool:
            stream = pool.stream(STREAMER, {"chunks": 10_000, "pause_s": 0.01}, fresh(tmp_path))
            assert await anext(stream) == bytes(1000)
            assert pool.idle(STREAMER) == 0
            await stream.aclose()
            assert pool.idle(STREAMER) == 1
            assert seen.restarts == []  # it stopped by itself, in the midst

    asyncio.run(work())


def test_a_reader_whose_task_is_cancelled_stops_the_work_too(tmp_path: Path) -> None:
    async def work() -> None:
        async with pool_of("Streamer", folder=tmp_path) as pool:

            async def read() -> None:
                async for _ in pool.stream(STREAMER, {"chunks": 10_000, "pause_s": 0.01}, fresh(tmp_path)):
                    pass

            reading = asyncio.create_task(read())
            await eventually(lambda: pool.idle(STREAMER) == 0)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            await eventually(lambda: pool.idle(STREAMER) == 1)

    asyncio.run(work())


def test_a_slow_reader_holds_the_model_and_not_the_servers_memory(tmp_path: Path) -> None:
    async def work() -> None:
        steps: list[float] = []
        async with pool_of("Streamer", folder=tmp_path, paused_at=200_000) as pool:
            asked = {"chunks": 200, "size": 100_000, "pause_s": 0}
            stream = pool.stream(STREAMER, asked, fresh(tmp_path), step=lambda stage, done, total: steps.append(done))
            size = len(await anext(stream))
            await asyncio.sleep(0.5)
            assert max(steps) < 100
            async for data in stream:
                size += len(data)
            assert size == 200 * 100_000
            # Held again, and left: what lies between must not keep the worker from hearing it.
            stream = pool.stream(STREAMER, asked, fresh(tmp_path))
            await anext(stream)
            await asyncio.sleep(0.2)
            await stream.aclose()
            assert pool.idle(STREAMER) == 1

    asyncio.run(work())


def test_what_is_wrong_is_raised_where_the_bytes_would_have_come(tmp_path: Path) -> None:
    async def work() -> None:
        async with pool_of("Streamer", folder=tmp_path, backoff_s=0.05) as pool:
            with pytest.raises(InputInvalid, match="chunks is 0"):
                await anext(pool.stream(STREAMER, {"chunks": 0}, fresh(tmp_path)))
            stream = pool.stream(STREAMER, {"chunks": 1000}, fresh(tmp_path))
            await anext(stream)
            os.kill(pool.pids()["cpu"], signal.SIGKILL)
            with pytest.raises(WorkerFailure):
                async for _ in stream:
                    pass

    asyncio.run(work())


def test_streams_wait_like_other_requests(tmp_path: Path) -> None:
    async def work() -> None:
        async with pool_of("Streamer", folder=tmp_path) as pool:

            async def read(chunks: int) -> int:
                parts = pool.stream(STREAMER, {"chunks": chunks, "size": 10, "pause_s": 0}, fresh(tmp_path))
                return sum([len(data) async for data in parts])

            assert await asyncio.gather(*(read(chunks) for chunks in range(1, 20))) == [10 * n for n in range(1, 20)]

    asyncio.run(work())
