"""Whether a worker lives: it is asked while it is idle alone, and only silence is death."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from greenroom.serve.workers.options import PoolOptions
from greenroom.serve.workers.protocol import Message, Ping
from greenroom.serve.workers.pulse import Pulse
from tests.serve.virtual_time import run

if TYPE_CHECKING:
    import pytest

EVERY_S, WITHIN_S = 15.0, 10.0


class Worker:
    """Idle or not; answers while it is not frozen."""

    def __init__(self) -> None:
        self.is_idle, self.frozen = True, False
        self.asked: list[float] = []
        self.dead: list[tuple[float, str]] = []
        self.pulse = Pulse(
            PoolOptions(ping_interval_s=EVERY_S, ping_timeout_s=WITHIN_S), lambda: self.is_idle, self.hear, self.die
        )

    def hear(self, message: Message) -> None:
        assert isinstance(message, Ping)
        loop = asyncio.get_running_loop()
        self.asked.append(loop.time())
        if not self.frozen:
            loop.call_later(WITHIN_S - 1, self.answer, message.number)

    def answer(self, number: int) -> None:
        self.pulse.felt()
        self.pulse.answered(number)

    def die(self, reason: str) -> None:
        self.dead.append((asyncio.get_running_loop().time(), reason))


def test_one_that_answers_however_late_is_asked_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        worker = Worker()
        worker.pulse.start()
        await asyncio.sleep(10 * (EVERY_S + WITHIN_S) - 1)
        worker.pulse.stop()
        assert worker.asked == [EVERY_S + turn * (EVERY_S + WITHIN_S) for turn in range(10)]
        assert worker.dead == []

    run(work(), monkeypatch)


def test_one_that_keeps_silent_is_dead_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        worker = Worker()
        worker.frozen = True
        worker.pulse.start()
        await asyncio.sleep(1000)
        assert worker.dead == [(EVERY_S + WITHIN_S, "it was idle and did not answer for 10 s")]

    run(work(), monkeypatch)


def test_at_work_nobody_is_asked_or_taken_for_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor one that was asked before the work came."""

    async def work() -> None:
        worker = Worker()
        worker.frozen = True
        worker.pulse.start()
        await asyncio.sleep(EVERY_S + 1)
        assert len(worker.asked) == 1
        worker.is_idle = False
        worker.pulse.felt()
        await asyncio.sleep(1000)
        assert len(worker.asked) == 1
        worker.is_idle = True
        await asyncio.sleep(EVERY_S + 1)
        assert len(worker.asked) == 2
        assert worker.dead == []

    run(work(), monkeypatch)


def test_an_old_word_is_no_answer_to_a_question_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        worker = Worker()
        worker.frozen = True
        worker.pulse.ask(0.5)
        worker.pulse.felt()
        assert worker.pulse.waits
        await asyncio.sleep(1)
        assert [reason for _, reason in worker.dead] == ["it was idle and did not answer for 0.5 s"]

    run(work(), monkeypatch)
