"""Progress goes out at a bearable rate; the first and the last report always do."""

from __future__ import annotations

import pytest

from greenroom.errors import Cancelled
from greenroom.serve.workers.protocol import Chunk, Message, Progress
from greenroom.serve.workers.reports import Reports


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A monotonic clock that a test moves."""
    moment = [0.0]
    monkeypatch.setattr("greenroom.serve.workers.reports.time.monotonic", lambda: moment[0])
    return moment


def test_many_steps_are_few_messages_with_the_first_and_the_last(clock: list[float]) -> None:
    sent: list[Message] = []
    reports = Reports(1, sent.append, lambda _: False)
    for step in range(1, 1001):
        reports.step("sampling", step, 1000)
        clock[0] += 0.0005
    reports.end()
    assert sent[0] == Progress(1, "sampling", 1.0, 1000.0)
    assert sent[-1] == Progress(1, "sampling", 1000.0, 1000.0)
    assert len(sent) in (11, 12)  # half a second at twenty a second, and the last


def test_a_report_that_was_held_back_goes_out_once_it_is_due(clock: list[float]) -> None:
    sent: list[Message] = []
    reports = Reports(1, sent.append, lambda _: False)
    reports.step("sampling", 1, 3)
    reports.step("sampling", 2, 3)
    reports.tick()
    assert len(sent) == 1
    clock[0] += 0.06
    reports.tick()
    reports.tick()
    assert sent[1:] == [Progress(1, "sampling", 2.0, 3.0)]


def test_nothing_is_said_after_the_end() -> None:
    sent: list[Message] = []
    reports = Reports(1, sent.append, lambda _: False)
    reports.end()
    reports.step("late", 1, 1)
    reports.tick()
    assert sent == []


def test_a_cancel_is_seen_at_the_next_step_and_the_next_bytes() -> None:
    cancelled: list[int] = []
    sent: list[Message] = []
    reports = Reports(4, sent.append, lambda run: run in cancelled)
    reports.step("sampling", 1, 2)
    cancelled.append(4)
    with pytest.raises(Cancelled):
        reports.step("sampling", 2, 2)
    with pytest.raises(Cancelled):
        reports.hand_on(b"x")
    assert len(sent) == 1
    assert not reports.handed_on


def test_bytes_wait_for_room_and_a_cancel_meanwhile_is_heard() -> None:
    cancelled: list[int] = []
    used: list[tuple[int, int]] = []

    def use_room(run: int, size: int) -> None:
        used.append((run, size))
        if len(used) == 2:
            cancelled.append(run)

    sent: list[Message] = []
    reports = Reports(4, sent.append, lambda run: run in cancelled, use_room)
    reports.hand_on(b"abc")
    with pytest.raises(Cancelled):
        reports.hand_on(b"de")
    assert used == [(4, 3), (4, 2)]
    assert sent == [Chunk(4, b"abc")]


def test_many_bytes_go_in_messages_of_bearable_size() -> None:
    sent: list[Message] = []
    reports = Reports(1, sent.append, lambda _: False)
    data = bytes(range(256)) * 10_000
    reports.hand_on(data)
    assert b"".join(said.data for said in sent if isinstance(said, Chunk)) == data
    assert len(sent) == 3
