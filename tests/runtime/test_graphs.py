"""What is recorded is first done, on a stream of its own, and recorded so that other threads may go on."""

from __future__ import annotations

import gc
import itertools
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch

from greenroom.runtime.graphs import Pool, Recorded


class _Stream:
    def wait_stream(self, other: object) -> None:
        pass


class _Graph:
    def __init__(self) -> None:
        self.replays = 0

    def replay(self) -> None:
        self.replays += 1


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What torch is asked for, in order: nothing here has a GPU."""
    told: list[object] = []

    @contextmanager
    def recording(graph: _Graph, **given: Any) -> Iterator[None]:
        told.append(given)
        yield

    @contextmanager
    def on_stream(stream: _Stream) -> Iterator[None]:
        told.append(stream)
        yield

    handles = itertools.count(1)
    for name, value in (("Stream", _Stream), ("current_stream", _Stream), ("CUDAGraph", _Graph)):
        monkeypatch.setattr(torch.cuda, name, value)
    monkeypatch.setattr(torch.cuda, "graph", recording)
    monkeypatch.setattr(torch.cuda, "stream", on_stream)
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: next(handles))
    return told


def test_work_is_done_before_it_is_recorded(told: list[object]) -> None:
    def work() -> int:
        told.append("work")
        return len(told)

    pool = Pool()
    recorded = Recorded(work, pool)
    # Others read how much memory is free, or give some back: that must not spoil the record.
    given = {"pool": 1, "stream": pool.stream(), "capture_error_mode": "thread_local"}
    assert told == [pool.stream(), "work", given, "work"]
    assert recorded.result == 4
    recorded.replay()
    assert len(told) == 4


def test_graphs_of_a_pool_have_one_stream(told: list[object]) -> None:
    """Libraries take memory for each stream that they meet, and keep it."""
    pool, other = Pool(), Pool()
    for of in (pool, pool, other):
        Recorded(lambda: None, of)
        gc.collect()  # also behind the last of its graphs
    assert [stream for stream in told if isinstance(stream, _Stream)] == [pool.stream(), pool.stream(), other.stream()]
    assert pool.stream() is not other.stream()


def test_what_the_work_reads_lives_as_long_as_its_record(told: list[object]) -> None:
    read = torch.zeros(1)
    gone = weakref.ref(read)
    recorded = Recorded(lambda read=read: read.sum(), Pool())  # type: ignore[misc]
    del read
    assert gone() is not None
    del recorded
    gc.collect()
    assert gone() is None


def test_a_pool_ends_with_its_last_graph(told: list[object]) -> None:
    """torch fails with an assertion of its own when a handle is used behind them."""
    pool = Pool()

    def used() -> list[object]:
        return [given["pool"] for given in told if isinstance(given, dict)]

    first, second = Recorded(lambda: None, pool), Recorded(lambda: None, pool)
    assert used() == [1, 1]
    del first
    third = Recorded(lambda: None, pool)
    assert used() == [1, 1, 1]
    del second, third
    gc.collect()
    Recorded(lambda: None, pool)
    assert used() == [1, 1, 1, 2]
