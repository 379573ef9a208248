"""Attempts that nobody makes again are told of, unless what was asked for is at fault."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from greenroom.errors import InputInvalid
from greenroom.jobs import attempts as attempts_module
from greenroom.jobs.database import Database, sqlite_url
from greenroom.jobs.job import Job, NewJob
from greenroom.jobs.runner import Unwatched
from greenroom.jobs.transitions import Transitions
from greenroom.models.model import Generated, Work
from tests.jobs.service import PATIENCE_S, ScriptedRunner, running


class _Watcher(Unwatched):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.given_up: list[tuple[str, str]] = []

    def job_ended(self, model: str, status: str) -> None:
        self.ended.append(status)

    def job_given_up(self, job: str, model: str, reason: str) -> None:
        self.given_up.append((job, reason))


class _Refusing(ScriptedRunner):
    """Finds fault with what some jobs ask for."""

    async def run(self, job: Job, inputs: Mapping[str, Any], work: Work, begun: Callable[[], None]) -> Generated:
        if "odd" in inputs:
            raise InputInvalid("that is no input", mend="ask for something else")
        return await super().run(job, inputs, work, begun)


def test_a_job_that_is_given_up_is_told_of_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts_module, "_FIRST_PAUSE_S", 0.05)
    watcher = _Watcher()

    async def check() -> None:
        async with running(tmp_path, runner=_Refusing(), watcher=watcher) as here:
            for inputs in ({"fails": 9}, {"odd": True}, {"number": 1}):
                job, _ = await here.jobs.accept(NewJob("model", inputs, max_attempts=2))
                await here.jobs.wait(job.id, PATIENCE_S)
                if "fails" in inputs:
                    lost = job.id
        assert watcher.ended == ["failed", "failed", "succeeded"]
        ((job_id, reason),) = watcher.given_up
        assert job_id == lost
        assert reason.endswith("(flaky)")

    asyncio.run(check())


class _NoQueue:
    def put(self, *_: object, **__: object) -> None:
        """Nothing."""


def test_one_that_was_started_as_often_as_it_may_is_given_as_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("greenroom.jobs.transitions.is_alive", lambda *_: True)
    database = Database(sqlite_url(tmp_path / "jobs.sqlite"))
    database.prepare()
    transitions = Transitions(_NoQueue())  # type: ignore[arg-type]  # nothing is run
    database.run(lambda connection: transitions.accept(connection, NewJob("model", {}, max_attempts=0), "job_1"))
    job = database.run(lambda connection: transitions.begin(connection, "job_1", 1, "host", "claim"))
    assert job is not None
    assert (job.status, job.ended) == ("failed", True)
    assert job.error is not None
    assert job.error["code"] == "poison-job"
    assert database.run(lambda connection: transitions.begin(connection, "job_1", 1, "host", "claim")) is None
    database.close()
