"""Time that goes on only when nothing is left to do, and then to the next moment that somebody waits for.

What sleeps, waits or is due at some time is then so in the same order on every machine, and takes none.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

    import pytest

Result = TypeVar("Result")


class VirtualTime(asyncio.SelectorEventLoop):
    """A loop with a clock of its own. For work that waits for nothing but time and itself: no thread, no socket."""

    def __init__(self) -> None:
        super().__init__()
        self._moment = 0.0
        self._selector: Any = self._selector  # asyncio's own
        self._look = self._selector.select
        self._selector.select = self._skip

    def time(self) -> float:
        """Seconds since it was made."""
        return self._moment

    def _skip(self, timeout: float | None) -> Any:
        assert timeout is not None, "nothing will ever happen"
        self._moment += max(0.0, timeout)
        return self._look(0)


def run(work: Coroutine[Any, Any, Result], monkeypatch: pytest.MonkeyPatch) -> Result:
    """Do work in virtual time, which the monotonic clock shows meanwhile."""
    loop = VirtualTime()
    with monkeypatch.context() as patched, asyncio.Runner(loop_factory=lambda: loop) as runner:
        patched.setattr("time.monotonic", loop.time)
        return runner.run(work)
