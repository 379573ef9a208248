"""Work in threads while whoever brings it goes on, and only so far ahead of it: little of it waits in memory."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

_Made = TypeVar("_Made")


class Ahead:
    """A few threads, which end with its context: what waits then is dropped, and what runs is waited for.

    threads: how many.  most: pieces of work that were given and that nobody knows to be done.
    """

    def __init__(self, threads: int, most: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="frame")
        self._most = most
        self._given: deque[Future[Any]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)

    def give(self, work: Callable[[], _Made]) -> Future[_Made]:
        """Have something done, and wait where too much is not. Raises what earlier work raised."""
        while len(self._given) >= self._most:
            self._given.popleft().result()
        given = self._threads.submit(work)
        self._given.append(given)
        return given

    def finish(self) -> None:
        """Wait for all that was given. Raises what it raised."""
        while self._given:
            self._given.popleft().result()
