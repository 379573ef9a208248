"""Rows of many threads through one engine: batched, apart, stopped, failing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from greenroom.errors import Cancelled, GreenroomError, UnknownName
from greenroom.models.f5tts.batching import Batcher, Pending
from greenroom.models.f5tts.rows import Row, Sampling
from greenroom.progress import Step, silent
from greenroom.runtime.memory import is_out_of_memory

_MANY = 8


class Engine:
    """Gives each row its seed back, once it may go on. batches: the seeds of each."""

    def __init__(self, *, packs: bool = True) -> None:
        self.packs = packs
        self.batches: list[list[int]] = []
        self.go_on = threading.Event()
        self.fail: Callable[[Sequence[Row]], None] = lambda rows: None
        self.stopped = 0

    def speak(self, rows: Sequence[Row], sampling: Sampling, step: Step = silent) -> list[NDArray[np.float32]]:
        self.batches.append([row.seed for row in rows])
        self.fail(rows)
        try:
            while not self.go_on.wait(0.005):
                step("sampling", 1, sampling.steps)
        except BaseException:
            self.stopped += 1
            raise
        step("sampling", sampling.steps, sampling.steps)
        return [np.full(3, row.seed, np.float32) for row in rows]


def _row(seed: int, frames: int = 50) -> Row:
    return Row(torch.zeros(4, 2), (1, 2), frames, 4, seed)


def _until(ready: Callable[[], bool]) -> None:
    for _ in range(12_000):
        if ready():
            return
        time.sleep(0.005)
    raise AssertionError("it did not happen in a minute")


def _ask(
    pool: ThreadPoolExecutor, batcher: Batcher, rows: Sequence[Row], sampling: Sampling | None = None
) -> list[Future[NDArray[np.float32]]]:
    return [pool.submit(batcher.speak, row, sampling or Sampling()) for row in rows]


@pytest.fixture
def pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(40)


def _waiting(batcher: Batcher) -> int:
    return len(batcher._waiting)


def test_who_waits_while_the_engine_is_busy_goes_together(pool: ThreadPoolExecutor) -> None:
    engine = Engine()
    batcher = Batcher(engine)
    first = _ask(pool, batcher, [_row(100)])
    _until(lambda: len(engine.batches) == 1)
    others = _ask(pool, batcher, [_row(seed) for seed in range(_MANY)])
    _until(lambda: _waiting(batcher) == _MANY)
    engine.go_on.set()
    sounds = [future.result(60) for future in (*first, *others)]
    assert [sound[0] for sound in sounds] == [100, *range(_MANY)]
    assert engine.batches[0] == [100]
    assert sorted(engine.batches[1]) == list(range(_MANY))
    batcher.close()


def test_other_steps_go_apart(pool: ThreadPoolExecutor) -> None:
    engine = Engine()
    batcher = Batcher(engine)
    busy = _ask(pool, batcher, [_row(0)])
    _until(lambda: len(engine.batches) == 1)
    futures = _ask(pool, batcher, [_row(1), _row(3)], Sampling(steps=7)) + _ask(pool, batcher, [_row(2)])
    _until(lambda: _waiting(batcher) == 3)
    engine.go_on.set()
    for future in (*busy, *futures):
        future.result(60)
    assert sorted(sorted(batch) for batch in engine.batches[1:]) == [[1, 3], [2]]
    batcher.close()


def test_a_batch_ends_at_its_frames(pool: ThreadPoolExecutor) -> None:
    engine = Engine()
    batcher = Batcher(engine)
    busy = _ask(pool, batcher, [_row(0)])
    _until(lambda: len(engine.batches) == 1)
    futures = _ask(pool, batcher, [_row(seed, frames=5000) for seed in range(1, 6)])
    _until(lambda: _waiting(batcher) == 5)
    engine.go_on.set()
    for future in (*busy, *futures):
        future.result(60)
    assert [len(batch) for batch in engine.batches[1:]] == [2, 2, 1]
    batcher.close()


def test_where_rows_are_padded_like_lengths_go_together(pool: ThreadPoolExecutor) -> None:
    engine = Engine(packs=False)
    batcher = Batcher(engine)
    busy = _ask(pool, batcher, [_row(0)])
    _until(lambda: len(engine.batches) == 1)
    futures = _ask(pool, batcher, [_row(1, 100), _row(2, 400), _row(3, 110), _row(4, 380)])
    _until(lambda: _waiting(batcher) == 4)
    engine.go_on.set()
    for future in (*busy, *futures):
        future.result(60)
    assert sorted(sorted(batch) for batch in engine.batches[1:]) == [[1, 3], [2, 4]]
    batcher.close()


def test_a_later_row_of_a_request_lets_a_first_one_by(pool: ThreadPoolExecutor) -> None:
    engine = Engine()
    batcher = Batcher(engine)
    busy = _ask(pool, batcher, [_row(0)])
    _until(lambda: len(engine.batches) == 1)
    late = pool.submit(batcher.speak, _row(1, frames=8_000), Sampling(), place=3)
    _until(lambda: _waiting(batcher) == 1)
    early = pool.submit(batcher.speak, _row(2, frames=8_000), Sampling())
    _until(lambda: _waiting(batcher) == 2)
    engine.go_on.set()
    for future in (*busy, late, early):
        future.result(60)
    assert engine.batches[1:] == [[2], [1]]
    batcher.close()


def test_a_first_row_does_not_wait_for_the_later_ones_of_its_request(pool: ThreadPoolExecutor) -> None:
    engine = Engine()
    batcher = Batcher(engine)
    busy = _ask(pool, batcher, [_row(0)])
    _until(lambda: len(engine.batches) == 1)
    futures = [pool.submit(batcher.speak, _row(10 + place), Sampling(), place=40 * place) for place in range(4)]
    _until(lambda: _waiting(batcher) == 4)
    engine.go_on.set()
    for future in (*busy, *futures):
        future.result(60)
    assert engine.batches[1:] == [[10], [11, 12, 13]]
    batcher.close()


def test_who_stops_does_not_stop_the_others(pool: ThreadPoolExecutor) -> None:
    engine = Engine()
    batcher = Batcher(engine)
    stop = threading.Event()

    def step(stage: str, done: float, total: float) -> None:
        if stop.is_set():
            raise Cancelled

    busy = _ask(pool, batcher, [_row(0)])
    _until(lambda: len(engine.batches) == 1)
    leaving = pool.submit(batcher.speak, _row(1), Sampling(), step)
    staying = pool.submit(batcher.speak, _row(2), Sampling())
    _until(lambda: _waiting(batcher) == 2)
    stop.set()
    with pytest.raises(Cancelled):
        leaving.result(60)
    engine.go_on.set()
    assert staying.result(60)[0] == 2
    busy[0].result(60)
    assert engine.batches[1:] == [[2]]
    batcher.close()


def test_a_batch_that_nobody_wants_is_stopped(pool: ThreadPoolExecutor) -> None:
    engine = Engine()
    batcher = Batcher(engine)

    def step(stage: str, done: float, total: float) -> None:
        if stage == "sampling":
            raise Cancelled

    with pytest.raises(Cancelled):
        batcher.speak(_row(0), Sampling(), step)
    _until(lambda: engine.stopped == 1)
    engine.go_on.set()
    assert batcher.speak(_row(1), Sampling())[0] == 1
    batcher.close()


def test_an_error_reaches_everyone_of_the_batch_and_the_next_goes_on(pool: ThreadPoolExecutor) -> None:
    engine = Engine()
    batcher = Batcher(engine)
    busy = _ask(pool, batcher, [_row(0)])
    _until(lambda: len(engine.batches) == 1)

    def fail(rows: Sequence[Row]) -> None:
        raise GreenroomError("broken")

    engine.fail = fail
    futures = _ask(pool, batcher, [_row(1), _row(2)])
    _until(lambda: _waiting(batcher) == 2)
    engine.go_on.set()
    errors = []
    for future in futures:
        with pytest.raises(GreenroomError, match="broken") as caught:
            future.result(60)
        errors.append(caught.value)
    assert errors[0] is not errors[1]
    assert busy[0].result(60)[0] == 0
    engine.fail = lambda rows: None
    assert batcher.speak(_row(3), Sampling())[0] == 3
    batcher.close()


def test_a_row_that_cannot_be_spoken_does_not_take_its_neighbours_along(pool: ThreadPoolExecutor) -> None:
    engine = Engine()
    batcher = Batcher(engine)
    busy = _ask(pool, batcher, [_row(0)])
    _until(lambda: len(engine.batches) == 1)

    def fail(rows: Sequence[Row]) -> None:
        if len(rows) == 8:
            raise MemoryError("out of memory")
        if any(row.seed == 5 for row in rows):
            raise UnknownName("voice", "x", ())

    engine.fail = fail
    futures = _ask(pool, batcher, [_row(seed) for seed in range(1, 9)])
    _until(lambda: _waiting(batcher) == 8)
    engine.go_on.set()
    for seed, future in enumerate(futures, 1):
        if seed == 5:
            with pytest.raises(UnknownName) as caught:
                future.result(60)
            assert not is_out_of_memory(caught.value)  # the batch's trouble is none of the row's
        else:
            assert future.result(60)[0] == seed
    busy[0].result(60)
    batcher.close()


def test_an_engine_that_forgets_a_row_leaves_nobody_waiting(pool: ThreadPoolExecutor) -> None:
    class Forgetful(Engine):
        def speak(self, rows: Sequence[Row], sampling: Sampling, step: Step = silent) -> list[NDArray[np.float32]]:
            return []

    batcher = Batcher(Forgetful())
    with pytest.raises(ValueError, match="zip"):
        pool.submit(batcher.speak, _row(1), Sampling()).result(60)
    batcher.close()


def test_the_thread_itself_may_close_it() -> None:
    engine = Engine()
    engine.go_on.set()
    batcher = Batcher(engine)
    engine.fail = lambda rows: batcher.close()
    assert batcher.speak(_row(1), Sampling())[0] == 1
    batcher.close()


def test_a_batch_too_large_for_memory_is_done_in_halves(pool: ThreadPoolExecutor) -> None:
    engine = Engine()
    batcher = Batcher(engine)
    busy = _ask(pool, batcher, [_row(0)])
    _until(lambda: len(engine.batches) == 1)

    def fail(rows: Sequence[Row]) -> None:
        if len(rows) > 2:
            raise MemoryError("out of memory")

    engine.fail = fail
    futures = _ask(pool, batcher, [_row(seed) for seed in range(1, 9)])
    _until(lambda: _waiting(batcher) == 8)
    engine.go_on.set()
    assert [future.result(60)[0] for future in futures] == list(range(1, 9))
    busy[0].result(60)
    assert [len(batch) for batch in engine.batches[1:]] == [8, 4, 2, 2, 4, 2, 2]
    batcher.close()


def test_a_row_too_large_for_memory_says_so() -> None:
    engine = Engine()

    def fail(rows: Sequence[Row]) -> None:
        raise MemoryError("out of memory")

    engine.fail = fail
    batcher = Batcher(engine)
    with pytest.raises(MemoryError):
        batcher.speak(_row(1), Sampling())
    batcher.close()


def test_one_thread_may_have_many_rows_on_their_way() -> None:
    engine = Engine()
    before = set(threading.enumerate())
    batcher = Batcher(engine)
    first, *others = [batcher.submit(_row(seed), Sampling(), place=seed) for seed in range(_MANY)]
    _until(lambda: len(engine.batches) == 1)
    assert len(set(threading.enumerate()) - before) == 1
    assert not first.wait(0.01)
    engine.go_on.set()
    assert first.wait(60)
    assert first.result()[0] == 0
    assert all(pending.wait(60) for pending in others)
    assert [pending.result()[0] for pending in others] == list(range(1, _MANY))
    batcher.close()
    with pytest.raises(RuntimeError, match="closed"):
        batcher.submit(_row(0), Sampling())


def test_of_rows_on_their_way_some_are_given_up() -> None:
    engine = Engine()
    batcher = Batcher(engine)
    busy = batcher.submit(_row(0), Sampling())
    _until(lambda: len(engine.batches) == 1)
    rows = [batcher.submit(_row(seed), Sampling()) for seed in range(1, 5)]
    for pending in rows[:3]:
        batcher.give_up(pending)
    assert _waiting(batcher) == 1
    batcher.give_up(busy)
    _until(lambda: engine.stopped == 1)
    engine.go_on.set()
    assert rows[3].wait(60)
    batcher.give_up(rows[3])
    assert rows[3].result()[0] == 4
    assert engine.batches == [[0], [4]]
    batcher.close()


def test_what_is_sampled_never_falls_though_a_batch_begins_anew() -> None:
    pending: list[Pending] = []
    told: list[float] = []
    seen: list[float] = []

    class Failing(Engine):
        def speak(self, rows: Sequence[Row], sampling: Sampling, step: Step = silent) -> list[NDArray[np.float32]]:
            sounds = super().speak(rows, sampling, step)  # it tells that all is done
            for done in range(sampling.steps + 1):
                step("sampling", done, sampling.steps)
                told.extend(item.progress[1] for item in pending[-1:])
                seen.extend(item.sampled for item in pending[-1:])
            step("vocoding", 0, 1)
            seen.extend(item.sampled for item in pending[-1:])
            if len(rows) > 1:
                raise MemoryError("out of memory")
            return sounds

    engine = Failing()
    batcher = Batcher(engine)
    busy = batcher.submit(_row(0), Sampling(steps=4))
    _until(lambda: len(engine.batches) == 1)
    pending += [batcher.submit(_row(seed), Sampling(steps=4)) for seed in (1, 2)]
    engine.go_on.set()
    assert all(item.wait(60) for item in (busy, *pending))
    assert engine.batches == [[0], [1, 2], [1], [2]]
    assert told != sorted(told)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    batcher.close()


def test_progress_is_told_in_the_thread_that_asked() -> None:
    engine = Engine()
    batcher = Batcher(engine)
    told: list[tuple[str, str]] = []

    def step(stage: str, done: float, total: float) -> None:
        told.append((stage, threading.current_thread().name))
        if stage == "sampling":
            engine.go_on.set()

    batcher.speak(_row(1), Sampling(), step)
    assert {thread for _, thread in told} == {threading.current_thread().name}
    assert "sampling" in {stage for stage, _ in told}
    batcher.close()
