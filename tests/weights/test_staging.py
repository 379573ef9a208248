"""Every byte passes the buffers once, to its place, and no buffer is filled before it has been emptied."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from greenroom.weights.contents import Span
from greenroom.weights.errors import WeightsTruncated, WeightsUnreadable
from greenroom.weights.staging import Buffer, HostLane, OpenFiles, Part, Sizes, batches, pump

SIZE = 512


class LateLane:
    """As a GPU: what is sent arrives when somebody waits for it."""

    def __init__(self) -> None:
        self.sizes = Sizes(SIZE, 3, 2)
        self._sent: list[Callable[[], object]] = []
        self._arrived = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.wait(self.mark())

    def buffer(self) -> Tensor:
        return torch.zeros(SIZE, dtype=torch.uint8)

    def send(self, raw: Tensor, into: Tensor) -> None:
        self._sent.append(lambda: into.copy_(raw))

    def mark(self) -> int:
        return len(self._sent)

    def wait(self, mark: object) -> None:
        assert isinstance(mark, int)
        with self._lock:
            for arrive in self._sent[self._arrived : mark]:
                arrive()
            self._arrived = max(self._arrived, mark)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "some.bin"
    made.write_bytes(os.urandom(100_000))
    return made


def tensors(draw_lengths: list[tuple[int, int]]) -> tuple[list[Span], list[int]]:
    """Spans one behind the other, of so many units of so many bytes."""
    spans, start = [], 0
    for count, unit in draw_lengths:
        spans.append(Span(Path("x"), start, count * unit))
        start += count * unit
    return spans, [unit for _, unit in draw_lengths]


@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from([1, 2, 4, 34, 144, 210])), max_size=30))
def test_tensors_are_cut_to_fit(counts: list[tuple[int, int]]) -> None:
    spans, units = tensors(counts)
    work = list(batches(spans, units, SIZE))
    done = [0] * len(spans)
    for batch in work:
        assert batch
        place = 0
        for part in batch:
            assert part.place >= place  # none lies over another
            assert part.place % 64 == 0
            place = part.place + part.length
            assert part.first == done[part.tensor]  # in order
            assert part.length > 0
            assert part.length % units[part.tensor] == 0
            assert part.start == spans[part.tensor].start + part.first
            done[part.tensor] += part.length
        assert place <= SIZE
    assert done == [span.length for span in spans]


def test_small_tensors_share_a_buffer() -> None:
    spans, units = tensors([(8, 4)] * 8)
    assert [len(batch) for batch in batches(spans, units, SIZE)] == [8]


@pytest.mark.parametrize("readers", [1, 2, 3])
def test_what_arrives_late_arrives_whole(file: Path, readers: int) -> None:
    content = file.read_bytes()
    spans = [Span(file, start, 10_000) for start in range(0, 100_000, 10_000)]
    out = torch.zeros(100_000, dtype=torch.uint8)
    lane = LateLane()

    def send(buffer: Buffer, batch: list[Part]) -> None:
        for part in batch:
            lane.send(buffer.bytes.narrow(0, part.place, part.length), out.narrow(0, part.start, part.length))

    with OpenFiles({file}) as files, lane:
        pump(
            batches(spans, [1] * 10, SIZE), lane, lambda buffer, batch: buffer.fill(batch, files), send, readers=readers
        )
    assert bytes(out.tolist()) == content


@pytest.mark.parametrize("at", ["fill", "use"])
def test_an_error_ends_the_work(at: str) -> None:
    spans, units = tensors([(50, 100)] * 10)
    seen: list[str] = []

    def step(name: str) -> Callable[[Buffer, list[Part]], None]:
        def work(_: Buffer, __: list[Part]) -> None:
            seen.append(name)
            if name == at and seen.count(name) == 3:
                raise ValueError(name)

        return work

    before = threading.active_count()
    with pytest.raises(ValueError, match=at):
        pump(batches(spans, units, SIZE), HostLane(Sizes(SIZE, 2, 1)), step("fill"), step("use"), readers=1)
    assert len(seen) < 12
    assert threading.active_count() == before


def test_few_tensors_need_few_buffers() -> None:
    class Counted(HostLane):
        made = 0

        def buffer(self) -> Tensor:
            self.made += 1
            return super().buffer()

    lane = Counted(Sizes(SIZE, 8, 1))
    spans, units = tensors([(3, 100)])
    pump(batches(spans, units, SIZE), lane, lambda *_: None, lambda *_: None, readers=1)
    assert lane.made == 1


def test_a_file_that_shrinks_is_truncated(file: Path) -> None:
    with OpenFiles({file}) as files:
        os.truncate(file, 50)
        with pytest.raises(WeightsTruncated, match=r"some\.bin became shorter"):
            files.read(file, 40, memoryview(bytearray(20)))


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsUnreadable, match=r"gone\.bin cannot be read: No such file"):
        OpenFiles({tmp_path / "gone.bin"})


def test_what_was_just_written_is_cached(file: Path) -> None:
    with OpenFiles({file}) as files:
        files.read(file, 0, memoryview(bytearray(100_000)))
        assert files.is_cached(file, 0, 100_000)
        assert files.are_cached([Span(file, 0, 100_000), Span(file, 100_000, 0)])
        assert not files.are_cached([Span(file, 0, 100_000), Span(file, 100_000, 1)])
        assert not files.is_cached(file, 90_000, 10_001)  # beyond the end there is nothing


@pytest.mark.parametrize("answer", [errno.EAGAIN, errno.EOPNOTSUPP])
def test_what_the_system_does_not_say_is_cached_is_not(
    file: Path, monkeypatch: pytest.MonkeyPatch, answer: int
) -> None:
    def preadv(*_: object) -> int:
        raise OSError(answer, os.strerror(answer))

    monkeypatch.setattr(os, "preadv", preadv)
    with OpenFiles({file}) as files:
        assert not files.is_cached(file, 0, 100)
        assert not files.are_cached([Span(file, 0, 100)])
