"""What is recorded is first done, on a stream of its own, and recorded so that other threads may go on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch

from greenroom.runtime.graphs import Recorded


class _Stream:
    def wait_stream(self, other: object) -> None:
        pass


class _Graph:
    def __init__(self) -> None:
        self.replays = 0

    def replay(self) -> None:
        self.replays += 1


def test_work_is_done_before_it_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    options: dict[str, Any] = {}

    @contextmanager
    def recording(graph: _Graph, **given: Any) -> Iterator[None]:
        options.update(given)
        told.append("recording")
        yield

    @contextmanager
    def on_stream(stream: _Stream) -> Iterator[None]:
        told.append("on a stream")
        yield

    for name, value in (("Stream", _Stream), ("current_stream", _Stream), ("CUDAGraph", _Graph)):
        monkeypatch.setattr(torch.cuda, name, value)
    monkeypatch.setattr(torch.cuda, "graph", recording)
    monkeypatch.setattr(torch.cuda, "stream", on_stream)

    def work() -> int:
        told.append("work")
        return len(told)

    recorded = Recorded(work, pool="pool")
    assert told == ["on a stream", "work", "recording", "work"]
    assert recorded.result == 4
    # Others read how much memory is free, or give some back: that must not spoil the record.
    assert options == {"pool": "pool", "capture_error_mode": "thread_local"}
    recorded.replay()
    assert len(told) == 4
