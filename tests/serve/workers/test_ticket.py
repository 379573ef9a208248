"""The bytes of a stream between the worker and its reader."""

from __future__ import annotations

import asyncio

from greenroom.serve.workers.ticket import Chunks


def test_bytes_come_in_order_and_end() -> None:
    async def work() -> list[bytes | None]:
        chunks = Chunks()
        reading = asyncio.gather(*(chunks.next() for _ in range(1)))
        await asyncio.sleep(0)
        chunks.put(b"a")
        chunks.put(b"b")
        chunks.close()
        return [*(await reading), await chunks.next(), await chunks.next(), await chunks.next()]

    assert asyncio.run(work()) == [b"a", b"b", None, None]


def test_what_nobody_reads_is_dropped() -> None:
    async def work() -> tuple[int, bytes | None]:
        chunks = Chunks()
        chunks.put(b"abc")
        assert chunks.size == 3
        chunks.discard()
        chunks.put(b"more")
        return chunks.size, await chunks.next()

    assert asyncio.run(work()) == (0, None)
