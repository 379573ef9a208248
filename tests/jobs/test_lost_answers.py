"""A transaction is committed, and the answer that says so is lost: it is made again, and must do nothing twice."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from greenroom.jobs.errors import DatabaseUnavailable
from greenroom.jobs.job import NewJob, Webhook
from tests.jobs.postgres import Postgres
from tests.jobs.service import PATIENCE_S, Receiver, Running, progressed, running, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def _lose_answers(here: Running, monkeypatch: pytest.MonkeyPatch, name: str) -> list[str]:
    """Let the first answer of each transition of this name be lost behind its commit."""
    transitions = here.jobs._transitions
    real, real_run = getattr(transitions, name), here.database.run
    lost: list[str] = []
    here_now = threading.local()  # other transactions run beside in threads of their own

    def noting(*arguments: Any, **named: Any) -> Any:
        here_now.within = True
        return real(*arguments, **named)

    def losing(transaction: Callable[[Any], Any], reads: bool = False) -> Any:
        here_now.within = False
        result = real_run(transaction, reads)
        if here_now.within and not lost:
            lost.append(name)
            raise DatabaseUnavailable
        return result

    monkeypatch.setattr(transitions, name, noting)
    monkeypatch.setattr(here.database, "run", losing)
    return lost


@pytest.mark.parametrize("name", ["accept", "begin", "succeed"])
def test_a_lost_answer_changes_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One job, one attempt, one result with its file."""

    async def check() -> None:
        async with running(tmp_path) as here:
            lost = _lose_answers(here, monkeypatch, name)
            job, _ = await here.jobs.accept(NewJob("model", {"files": {"a.txt": "hello"}}))
            job = await here.jobs.wait(job.id, PATIENCE_S)
            await until(lambda: not here.jobs._attempts.running())
            assert lost == [name]
            assert (job.status, job.attempts) == ("succeeded", 1)
            assert await here.jobs.counts() == {"succeeded": 1}
            assert len(here.runner.ran) == 1
            (artifact,) = job.artifacts
            assert (tmp_path / "artifacts" / artifact.key).read_text() == "hello"

    asyncio.run(check())


def test_a_webhook_that_fails_in_any_way_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket that cannot be opened is no reason to forget it."""
    monkeypatch.setattr("greenroom.jobs.webhooks._PAUSES_S", (0.1,))

    class Exhausted(Receiver):
        async def post(self, url: str, body: bytes, headers: Any) -> int:
            if self.down:
                self.down -= 1
                raise OSError(24, "Too many open files")
            return await super().post(url, body, headers)

    async def check() -> None:
        receiver = Exhausted(down=1)
        async with running(tmp_path, receiver=receiver) as here:
            await here.jobs.accept(NewJob("model", {}, webhook=Webhook("http://there/hook")))
            await until(lambda: len(receiver.got) == 1)

    asyncio.run(check())


def test_progress_that_is_no_number_is_no_harm(tmp_path: Path) -> None:
    """What a model reports must not break who reads it."""

    async def check() -> None:
        async with running(tmp_path) as here:
            job, _ = await here.jobs.accept(NewJob("model", {"endless": True, "gate": True}))
            await progressed(here, job.id)
            here.runner.open_gate.set()
            job = await here.jobs.wait(job.id, PATIENCE_S)
            events = [event async for event in here.jobs.follow(job.id) if event is not None]
            assert job.status == "succeeded"
            json.dumps([event.data for event in events], allow_nan=False)
            assert any(event.kind == "progress" for event in events)

    asyncio.run(check())


def test_waiting_for_a_device_is_not_running(tmp_path: Path) -> None:
    """The timeout of a job begins when a device has it."""

    async def check() -> None:
        async with running(tmp_path) as here:
            job, _ = await here.jobs.accept(NewJob("model", {"waits_s": 3.5}, timeout_s=3.0))
            assert (await here.jobs.wait(job.id, PATIENCE_S)).status == "succeeded"

    asyncio.run(check())


def test_two_files_of_one_name_stay_two(tmp_path: Path) -> None:
    """Names that are made safe may meet; what is kept does not."""

    async def check() -> None:
        async with running(tmp_path) as here:
            job, _ = await here.jobs.accept(NewJob("model", {"files": {"é.txt": "one", "ü.txt": "other"}}))
            job = await here.jobs.wait(job.id, PATIENCE_S)
            kept = [(tmp_path / "artifacts" / artifact.key).read_text() for artifact in job.artifacts]
            assert kept == ["one", "other"]

    asyncio.run(check())


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


def test_postgresql_takes_words_that_it_cannot_keep(tmp_path: Path, postgres: Postgres) -> None:
    """A NUL among the inputs, in a search, in a name."""

    async def check() -> None:
        from greenroom.jobs.errors import JobUnknown
        from greenroom.jobs.history import Asked

        async with running(tmp_path, url=postgres.url) as here:
            job, _ = await here.jobs.accept(NewJob("model", {"text": "a\0b"}, metadata={"k": "\0"}))
            assert (await here.jobs.wait(job.id, PATIENCE_S)).input == {"text": "a\0b"}
            assert (await here.jobs.page(Asked(search="a\0b"))).jobs
            with pytest.raises(JobUnknown):
                await here.jobs.get("job_\0")
            with pytest.raises(JobUnknown):
                await here.jobs.page(Asked(after="\0"))
            assert await here.jobs.artifact("art_\0") is None

    asyncio.run(check())
