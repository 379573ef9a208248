"""Several files worked on at once, and how far all of them are."""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from greenroom.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
# Often enough for a bar to move evenly.
_LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class FileProgress:
    """A file that is being worked on. stage: what is being done.  done, total: bytes; total None where unknown."""

    name: str
    stage: str
    done: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How far work is. files: those under way.  done, total: bytes of all files, begun or not."""

    files: tuple[FileProgress, ...]
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Job(Generic[T]):
    """Work on one file. work: is given a step, to call with the bytes done so far; the step raises Cancelled."""

    name: str
    stage: str
    size: int | None
    work: Callable[[Callable[[int], None]], T]


def side_by_side(jobs: Sequence[Job[T]], show: Callable[[Standing], None], *, at_once: int) -> list[T]:
    """Do all jobs, the first ones first; gives their results in the same order.

    show: called in this thread; may raise to stop the work.  The first failure stops the others, and is raised once
    they have ended.
    """
    board = _Board(jobs)
    with ThreadPoolExecutor(at_once, thread_name_prefix="weights") as pool:
        futures = [pool.submit(board.run, number, job) for number, job in enumerate(jobs)]
        try:
            while wait(futures, _LOOK_S, FIRST_EXCEPTION).not_done:
                if any(future.done() and future.exception() for future in futures):
                    break
                show(board.standing())
        finally:
            # After a good end nobody is left to hear it.
            board.stop.set()
            for future in futures:
                future.cancel()
    failures = [error for future in futures if not future.cancelled() and (error := future.exception())]
    # Those that were stopped say so; what stopped them is what matters.
    failures.sort(key=lambda error: isinstance(error, Cancelled))
    if failures:
        raise failures[0]
    show(board.standing())
    return [future.result() for future in futures]


class _Board(Generic[T]):
    """What every job last said."""

    def __init__(self, jobs: Sequence[Job[T]]) -> None:
        self.stop = threading.Event()
        self._jobs = jobs
        self._done: dict[int, int] = {}
        self._ended: set[int] = set()

    def run(self, number: int, job: Job[T]) -> T:
        def step(done: int) -> None:
            if self.stop.is_set():
                raise Cancelled
            self._done[number] = done

        if self.stop.is_set():
            raise Cancelled
        result = job.work(step)
        self._ended.add(number)
        return result

    def standing(self) -> Standing:
        ended = set(self._ended)  # before the counts, which go on: an ended job has its last one
        done = dict(self._done)
        counts = [self._count(number, done, ended) for number in range(len(self._jobs))]
        return Standing(
            tuple(
                FileProgress(job.name, job.stage, count, job.size)
                for number, (job, count) in enumerate(zip(self._jobs, counts, strict=True))
                if number in done.keys() - ended
            ),
            sum(counts),
            sum(count if job.size is None else job.size for job, count in zip(self._jobs, counts, strict=True)),
        )

    def _count(self, number: int, done: dict[int, int], ended: set[int]) -> int:
        size = self._jobs[number].size
        return size if number in ended and size is not None else done.get(number, 0)
