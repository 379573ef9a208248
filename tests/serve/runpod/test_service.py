"""A job is checked before anything else, done once however often it is handed out, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from greenroom.errors import GreenroomError, InputInvalid
from greenroom.inputs import Inputs
from greenroom.models.model import Generated, MadeFile
from greenroom.models.registry import find
from greenroom.progress import Step, silent
from greenroom.serve.runpod.service import Parts, Service


class Pool:
    """Writes what it was asked for; keeps the folders it was given."""

    def __init__(self, *, fails: int = 0, takes_s: float = 0.0) -> None:
        self.asked: list[dict[str, Any]] = []
        self.folders: list[Path] = []
        self._fails = fails
        self._takes_s = takes_s

    async def run(
        self,
        model: str,
        inputs: dict[str, Any],
        folder: Path,
        *,
        step: Step,
        request: str,
        kept: Path | None,
        tell: Callable[[str, Mapping[str, Any]], None],
        show: Callable[[MadeFile], None] | None,
    ) -> Generated:
        self.asked.append(inputs)
        self.folders.append(folder)
        assert not any(folder.iterdir())
        await asyncio.sleep(self._takes_s)
        if len(self.asked) <= self._fails:
            raise GreenroomError("not this time")
        (folder / "said.txt").write_text(json.dumps(inputs))
        return Generated({"asked": len(self.asked)}, (MadeFile(folder / "said.txt", "text/plain"),))

    async def stream(
        self, model: str, inputs: dict[str, Any], folder: Path, *, request: str
    ) -> AsyncGenerator[bytes, None]:
        self.folders.append(folder)
        for number in range(3):
            yield bytes([number])


async def as_they_are(inputs: Inputs, folder: Path) -> dict[str, Any]:
    """Fetches nothing."""
    return inputs.model_dump(mode="json")


def service(pool: Pool, model: str = "Noop") -> Service:
    return Service(pool, find(f"tests.serve.models:{model}"), as_they_are, None)


def job(given: object, job_id: str = "job-1") -> dict[str, Any]:
    return {"id": job_id, "input": given}


def test_a_job_is_answered_and_its_folder_is_gone() -> None:
    pool = Pool()
    answer = asyncio.run(service(pool).do(job({"text": "hello"}), silent))
    assert answer["output"] == {"asked": 1}
    assert json.loads(base64.b64decode(answer["artifacts"][0]["data"])) == {"text": "hello"}
    assert not any(folder.parent.exists() for folder in pool.folders)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "input is not an object"),
        ("hello", "input is not an object"),
        ({"txet": "hello"}, "no input 'txet'"),
        ({"text": 7}, "text is 7"),
    ],
)
def test_what_the_model_does_not_take_is_refused_before_any_work(given: object, said: str) -> None:
    pool = Pool()
    with pytest.raises(InputInvalid, match=said):
        asyncio.run(service(pool).do(job(given), silent))
    assert pool.asked == []


def test_a_job_handed_out_twice_is_done_once() -> None:
    pool = Pool(takes_s=0.05)

    async def work() -> list[dict[str, Any]]:
        doing = service(pool)
        twice = await asyncio.gather(doing.do(job({}), silent), doing.do(job({}), silent))
        return [*twice, await doing.do(job({}), silent)]

    first, second, later = asyncio.run(work())
    assert first == second == later
    assert len(pool.asked) == 1


def test_a_job_that_failed_may_be_tried_again_under_its_id() -> None:
    pool = Pool(fails=1)

    async def work() -> dict[str, Any]:
        doing = service(pool)
        with pytest.raises(GreenroomError):
            await doing.do(job({}), silent)
        return await doing.do(job({}), silent)

    assert asyncio.run(work())["output"] == {"asked": 2}


def test_only_the_last_answers_are_kept() -> None:
    pool = Pool()

    async def work() -> None:
        doing = service(pool)
        for number in range(20):
            await doing.do(job({}, f"job-{number}"), silent)
        assert len(doing._answers) < 10
        assert not doing._begun

    asyncio.run(work())


def test_a_stopped_job_stops_the_work() -> None:
    pool = Pool(takes_s=60)

    async def work() -> None:
        doing = service(pool)
        task = asyncio.ensure_future(doing.do(job({}), silent))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not doing._begun

    asyncio.run(work())
    assert not any(folder.parent.exists() for folder in pool.folders)


def test_a_job_says_whether_it_wants_parts() -> None:
    streams, whole = service(Pool(), "Streamer"), service(Pool(), "Noop")
    assert streams.wants_stream(job({"stream": True}))
    assert not streams.wants_stream(job({"stream": False}))
    assert not streams.wants_stream(job({}))
    with pytest.raises(InputInvalid, match="Noop does not stream"):
        whole.wants_stream(job({"stream": True}))
    with pytest.raises(InputInvalid, match="neither true nor false"):
        streams.wants_stream(job({"stream": "yes"}))


def test_a_stream_gives_the_blocks_and_leaves_nothing() -> None:
    pool = Pool()

    async def work() -> list[bytes]:
        return [block async for block in service(pool, "Streamer").stream(job({"stream": True}))]

    assert asyncio.run(work()) == [b"\0", b"\1", b"\2"]
    assert not any(folder.parent.exists() for folder in pool.folders)


def test_parts_stay_whole_until_they_are_too_much_together() -> None:
    parts = Parts(room=1000)
    first = parts.part(b"x" * 300)
    parts.shed()
    assert base64.b64decode(first["data"]) == b"x" * 300
    second = parts.part(b"y" * 400)
    assert base64.b64decode(second["data"]) == b"y" * 400
    parts.shed()
    assert first == {"part": 0, "size": 300}
    assert second == {"part": 1, "size": 400}
    assert parts.end("audio/wav") == {
        "parts": 2,
        "size": 700,
        "sha256": hashlib.sha256(b"x" * 300 + b"y" * 400).hexdigest(),
        "media_type": "audio/wav",
    }
