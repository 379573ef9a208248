"""What a running job tells and shows reaches its events in order, and only while its attempt is the one that counts."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from greenroom.errors import GreenroomError
from greenroom.jobs.artifacts import ArtifactStore
from greenroom.jobs.database import Database, sqlite_url
from greenroom.jobs.history import read_events, read_job
from greenroom.jobs.job import NewJob
from greenroom.jobs.news import News
from greenroom.jobs.reporting import Reporter, pause_after
from greenroom.jobs.telling import Telling
from greenroom.jobs.transitions import Transitions
from greenroom.models.model import MadeFile

if TYPE_CHECKING:
    import sqlalchemy as sa

    from greenroom.jobs.job import Job, Progress


class _NoQueue:
    """Nothing is run."""

    def put(self, *_: object, **__: object) -> None:
        """Nothing."""

    def deliver(self, *_: object, **__: object) -> None:
        """Nothing."""


class _Attempt:
    """One that has begun, on a database of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("greenroom.jobs.transitions.is_alive", lambda *_: True)
        self.folder = folder
        self.database = Database(sqlite_url(folder / "jobs.sqlite"))
        self.database.prepare()
        self.transitions = Transitions(_NoQueue())
        self.store = ArtifactStore(str(folder / "artifacts"))
        self.job = self.database.run(self._begun)

    def _begun(self, connection: sa.Connection) -> Job:
        self.transitions.accept(connection, NewJob("model", {}), "job_1")
        job = self.transitions.begin(connection, "job_1", 1, "host", "claim")
        assert job is not None
        return job

    def telling(self, reporter: Reporter) -> Telling:
        return Telling(self.job, self.database, self.transitions, self.store, News(), reporter)

    def shows(self, telling: Telling, name: str, words: str) -> None:
        place = self.folder / words
        place.mkdir()
        (place / name).write_text(words)
        telling.show(MadeFile(place / name, "text/plain"))

    def events(self) -> list[tuple[str, Any]]:
        found = self.database.run(lambda connection: read_events(connection, "job_1"), reads=True)
        return [(event.kind, event.data) for event in found]

    def previews(self) -> list[str]:
        job = self.database.run(lambda connection: read_job(connection, "job_1"), reads=True)
        return [(self.folder / "artifacts" / preview.key).read_text() for preview in job.previews]

    def files(self) -> list[str]:
        return sorted(path.read_text() for path in (self.folder / "artifacts").rglob("*") if path.is_file())


@pytest.fixture
def attempt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Attempt:
    return _Attempt(tmp_path, monkeypatch)


async def _progress(_: Progress) -> None:
    """Written nowhere."""


def test_all_of_it_is_written_in_order_before_the_end(attempt: _Attempt) -> None:
    async def work() -> None:
        async with Reporter(_progress) as reporter:
            telling = attempt.telling(reporter)
            telling.tell("plan", {"frames": 21})
            attempt.shows(telling, "look.txt", "first")
            attempt.shows(telling, "other.txt", "other")
            attempt.shows(telling, "look.txt", "second")
            telling.tell("room", {"bytes": 5})

    asyncio.run(work())
    assert [kind for kind, _ in attempt.events()][2:] == ["plan", "preview", "preview", "preview", "room"]
    assert attempt.previews() == ["other", "second"]
    assert attempt.files() == ["other", "second"]


def test_an_attempt_that_was_given_up_writes_nothing_and_leaves_no_file(attempt: _Attempt) -> None:
    attempt.database.run(
        lambda connection: attempt.transitions.requeue(connection, attempt.job, GreenroomError("lost"))
    )

    async def work() -> None:
        async with Reporter(_progress) as reporter:
            telling = attempt.telling(reporter)
            telling.tell("plan", {})
            attempt.shows(telling, "look.txt", "late")

    asyncio.run(work())
    assert [kind for kind, _ in attempt.events()] == ["queued", "started", "requeued"]
    assert (attempt.previews(), attempt.files()) == ([], [])


def test_a_failure_waits_for_what_was_told_and_a_stop_does_not() -> None:
    said: list[str] = []

    async def work(error: BaseException) -> None:
        async def slow() -> None:
            await asyncio.sleep(0.05)
            said.append(type(error).__name__)

        async with Reporter(_progress) as reporter:
            reporter.note(slow)
            raise error

    for error in (GreenroomError("out of memory"), asyncio.CancelledError()):
        with pytest.raises(type(error)):
            asyncio.run(work(error))
    assert said == ["GreenroomError"]


def test_progress_of_hours_is_written_less_often() -> None:
    assert [pause_after(seconds) for seconds in (0, 60, 500, 1800, 3600, 86_400)] == [0.5, 0.5, 0.5, 1.8, 3.6, 5.0]


def test_what_cannot_be_written_costs_nothing_but_itself(caplog: pytest.LogCaptureFixture) -> None:
    said: list[str] = []

    async def work() -> None:
        async def fails(error: Exception) -> None:
            raise error

        async def last() -> None:
            said.append("last")

        async with Reporter(_progress) as reporter:
            reporter.note(lambda: fails(GreenroomError("the database is away")))
            reporter.note(lambda: fails(ValueError("a fault")))
            reporter.note(last)

    asyncio.run(work())
    assert said == ["last"]
    assert caplog.text.count("what a job told was not written") == 2
