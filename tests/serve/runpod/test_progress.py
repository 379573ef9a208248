"""Progress is at most so often, in order, and never after the block."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from greenroom.serve.runpod.progress import Progress
from tests.serve.virtual_time import run


class Line:
    """Records what is sent, and takes its time."""

    def __init__(self, takes_s: float = 0.0, fails: bool = False) -> None:
        self.begun: list[tuple[float, Mapping[str, Any]]] = []
        self.ended = 0
        self._takes_s = takes_s
        self._fails = fails

    async def send(self, message: Mapping[str, Any]) -> None:
        self.begun.append((asyncio.get_running_loop().time(), message))
        await asyncio.sleep(self._takes_s)
        self.ended += 1
        if self._fails:
            raise TimeoutError


def test_only_the_latest_is_sent_and_no_sooner_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(takes_s=0.4)

    async def work() -> None:
        async with Progress(line.send, every_s=1.0) as step:
            for number in range(50):
                step("sampling", number, 50)
                await asyncio.sleep(0.1)

    run(work(), monkeypatch)
    times = [at for at, _ in line.begun]
    assert len(times) == 3
    assert all(later - sooner >= 1.0 for sooner, later in itertools.pairwise(times))
    done = [message["done"] for _, message in line.begun]
    assert done == pytest.approx([10 * at for at in times], abs=1)  # what is told is how it stands then
    assert set(line.begun[-1][1]) == {"stage", "done", "total", "fraction", "eta_s"}
    assert line.begun[-1][1]["eta_s"] == pytest.approx(0.1 * (50 - done[-1]), abs=0.1)


def test_the_fraction_is_of_all_stages_and_never_falls(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line()

    async def work() -> None:
        async with Progress(line.send, every_s=0.01, stages={"encoding": 1, "decoding": 3}) as step:
            step("finding shots", 9, 10)
            await asyncio.sleep(0.03)
            for start in (0, 10):
                for stage in ("encoding", "decoding"):
                    for frame in range(start, start + 11):
                        step(stage, frame, 20)
                        await asyncio.sleep(0.02)

    run(work(), monkeypatch)
    fractions = [message["fraction"] for _, message in line.begun]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    assert fractions[-1] > 0.9
    assert {message["stage"] for _, message in line.begun} == {"finding shots", "encoding", "decoding"}


def test_a_short_job_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line()

    async def work() -> None:
        async with Progress(line.send, every_s=0.1) as step:
            step("sampling", 1, 2)

    run(work(), monkeypatch)
    assert line.begun == []


def test_what_is_under_way_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(takes_s=0.2)

    async def work() -> int:
        async with Progress(line.send, every_s=0.05) as step:
            step("sampling", 1, 2)
            await asyncio.sleep(0.1)
        return line.ended

    assert run(work(), monkeypatch) == 1
    assert len(line.begun) == 1


def test_a_message_that_fails_is_no_failure_of_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(fails=True)

    async def work() -> str:
        async with Progress(line.send, every_s=0.02) as step:
            for number in range(5):
                step("sampling", number, 5)
                await asyncio.sleep(0.03)
        return "made"

    assert run(work(), monkeypatch) == "made"
    assert len(line.begun) > 1


def test_a_stopped_job_does_not_wait_for_its_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(takes_s=5.0)

    async def work() -> float:
        async def job() -> None:
            async with Progress(line.send, every_s=0.02) as step:
                step("sampling", 1, 2)
                await asyncio.sleep(5)

        task = asyncio.ensure_future(job())
        await asyncio.sleep(0.1)
        began = asyncio.get_running_loop().time()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return asyncio.get_running_loop().time() - began

    assert run(work(), monkeypatch) == 0
    assert len(line.begun) == 1
