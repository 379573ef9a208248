"""The SDK gets answers, never exceptions; a lost device takes the worker with its last job."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from greenroom.errors import GreenroomError
from greenroom.models.model import untold
from greenroom.models.registry import find
from greenroom.progress import Step
from greenroom.serve.runpod import sdk
from greenroom.serve.runpod.background import Background
from greenroom.serve.runpod.gate import Gate
from greenroom.serve.runpod.handler import Handler
from greenroom.serve.runpod.service import Service
from tests.serve.runpod.test_service import Pool, as_they_are

if TYPE_CHECKING:
    from greenroom.serve.runpod.service import Tell


class DeviceGone(GreenroomError):
    """As a pool would say it."""

    code = "device-gone"


class Failing(Service):
    """Fails with what a job's input holds, when the test lets it."""

    def __init__(self) -> None:
        super().__init__(Pool(), find("tests.serve.models:Streamer"), as_they_are, None)

    async def do(self, job: Mapping[str, Any], step: Step, tell: Tell = untold) -> dict[str, Any]:
        await asyncio.sleep(job["input"].get("takes_s", 0))
        if wait := job["input"].get("waits_for"):
            assert await asyncio.to_thread(wait.wait, 60)
        if fails := job["input"].get("fails"):
            raise fails
        return {"output": {}, "artifacts": []}

    async def stream(self, job: Mapping[str, Any]) -> AsyncGenerator[bytes, None]:
        yield b"first"
        await self.do(job, lambda *_: None)


class Tried:
    """A handler with its gate, its config and its log."""

    def __init__(self, background: Background) -> None:
        self.config: dict[str, Any] = {}
        self.holds = 0
        self.gate = Gate(devices=1, fixed=2, ready=lambda: True, taken=lambda: self.holds)
        self.handler = Handler(Failing(), background, self.gate, self.config, frozenset({"device-gone"}))

    async def answer(self, **given: Any) -> dict[str, Any]:
        self.holds += 1
        answer = await self.handler.answer({"id": "job-1", "input": given})
        self.holds -= 1
        return answer

    async def parts(self, **given: Any) -> list[dict[str, Any]]:
        return [part async for part in self.handler.stream({"id": "job-1", "input": given})]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None]]:
    lines: list[tuple[str, str | None]] = []
    monkeypatch.setattr(sdk, "log", lambda message, job_id=None, level="info": lines.append((message, job_id)))
    return lines


@pytest.fixture
def tried(log: list[tuple[str, str | None]]) -> Iterator[Tried]:
    with Background() as background:
        yield Tried(background)


def test_a_failure_is_an_answer_and_all_of_it_is_in_the_log(tried: Tried, log: list[tuple[str, str | None]]) -> None:
    answer = asyncio.run(tried.answer(fails=ValueError("/secret/place")))
    assert json.loads(answer["error"])["message"] == "unexpected failure (ValueError)"
    assert "secret" not in json.dumps(answer)
    assert any("Traceback" in line and "/secret/place" in line for line, _ in log)
    assert {job_id for _, job_id in log} == {"job-1"}
    assert tried.gate.running == 0


def test_a_stopped_job_is_no_answer(tried: Tried) -> None:
    async def work() -> None:
        task = asyncio.ensure_future(tried.answer(takes_s=60))
        await asyncio.sleep(0)
        assert tried.gate.running == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(work())
    assert tried.gate.running == 0


def test_a_lost_device_ends_the_worker_with_its_last_job_and_not_before(tried: Tried) -> None:
    async def work() -> None:
        let_go = threading.Event()
        other = asyncio.ensure_future(tried.answer(waits_for=let_go))
        await asyncio.sleep(0)
        assert tried.gate.running == 1
        answer = await tried.answer(fails=DeviceGone("cuda:0 is gone"))
        assert json.loads(answer["error"])["code"] == "device-gone"
        assert "refresh_worker" not in tried.config
        let_go.set()
        assert "error" not in await other

    asyncio.run(work())
    assert tried.config["refresh_worker"] is True


def test_other_failures_keep_the_worker(tried: Tried) -> None:
    asyncio.run(tried.answer(fails=GreenroomError("no")))
    assert tried.config == {}


def test_an_endpoint_that_does_not_stream_says_so(tried: Tried) -> None:
    answer = asyncio.run(tried.answer(stream=True))
    assert json.loads(answer["error"])["code"] == "stream-off"


def test_a_stream_ends_with_what_it_was(tried: Tried) -> None:
    part, end = asyncio.run(tried.parts(stream=True))
    assert (part["part"], part["size"]) == (0, 5)
    assert (end["parts"], end["size"], end["media_type"]) == (1, 5, "application/octet-stream")


def test_a_stream_that_fails_ends_with_the_error(tried: Tried) -> None:
    part, end = asyncio.run(tried.parts(stream=True, fails=DeviceGone("cuda:0 is gone")))
    assert part["size"] == 5
    assert json.loads(end["error"])["code"] == "device-gone"
    assert tried.gate.running == 0
    assert tried.config["refresh_worker"] is True


@pytest.mark.parametrize(("given", "key"), [({}, "output"), ({"stream": 1}, "error")])
def test_on_a_streaming_endpoint_other_jobs_have_one_answer(tried: Tried, given: dict[str, Any], key: str) -> None:
    (answer,) = asyncio.run(tried.parts(**given))
    assert key in answer
