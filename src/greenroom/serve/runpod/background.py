"""An event loop in a thread of its own: the model's processes are looked after while the SDK runs its own loop.

The SDK makes its loop when it starts to take jobs and closes it when it stops; the pool lives before and after that.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
    from concurrent.futures import Future

Result = TypeVar("Result")

# So many blocks may wait for whoever reads them; a source that is faster waits for its reader.
_AHEAD = 256
_WAIT_S = 0.02


class Background:
    """A loop that runs while the block does.

    >>> with Background() as background:
    ...     background.call(pool.start())
    """

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="greenroom-pool", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.call(_cancel_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def begin(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Begin ``work`` in the loop, from anywhere; gives what will come of it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do ``work`` in the loop and wait for it, from a thread without a loop."""
        future = self.begin(work)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            raise

    async def ask(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do ``work`` in the loop and wait for it, from another loop; who is cancelled here cancels it there."""
        return await asyncio.wrap_future(self.begin(work))

    async def iterate(self, source: AsyncGenerator[bytes, None], most: int) -> AsyncIterator[bytes]:
        """What ``source`` gives, in another loop; blocks that wait for their reader are joined to pieces of ``most``.

        The source is closed as soon as the task that reads this is done, even if it forgot to close it.
        """
        blocks: asyncio.Queue[bytes | None] = asyncio.Queue()
        here = asyncio.get_running_loop()

        async def pump() -> None:
            try:
                async with contextlib.aclosing(source):
                    async for block in source:
                        here.call_soon_threadsafe(blocks.put_nowait, block)
                        while blocks.qsize() > _AHEAD:
                            await asyncio.sleep(_WAIT_S)
            finally:
                here.call_soon_threadsafe(blocks.put_nowait, None)

        pumping = asyncio.ensure_future(self.ask(pump()))
        if reader := asyncio.current_task():
            reader.add_done_callback(lambda _: pumping.cancel())
        try:
            async for piece in _joined(blocks, most):
                yield piece
            await pumping
        finally:
            pumping.cancel()


async def _joined(blocks: asyncio.Queue[bytes | None], most: int) -> AsyncIterator[bytes]:
    """Pieces of at most so many bytes, each as large as there is something to read; None ends."""
    held = bytearray()
    ended = False
    while not ended:
        block = await blocks.get()
        ended = block is None
        held += block or b""
        while not ended and len(held) < most and not blocks.empty():
            block = blocks.get_nowait()
            ended = block is None
            held += block or b""
        while held:
            yield bytes(held[:most])
            del held[:most]


async def _cancel_others() -> None:
    """Let everything that still runs in this loop end."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
