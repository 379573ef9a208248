"""Folders that outlive an attempt go with their job, also where it ends without one."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import time
from pathlib import Path
from typing import Any

import pytest

from greenroom.jobs import attempts
from greenroom.jobs.job import NewJob
from greenroom.jobs.kept import KEPT_S, KeptFolders, goes_on
from greenroom.jobs.records import now
from greenroom.jobs.schema import jobs
from tests.jobs.service import PATIENCE_S, running, until


def _jobs(folder: Path) -> set[str]:
    """Whose folders there are."""
    kept = folder / "kept"
    return {path.name.rpartition("-")[0] for path in kept.iterdir()} if kept.exists() else set()


def _aged(folder: Path) -> None:
    os.utime(folder, times=(time.time() - 120, time.time() - 120))


def test_what_is_left_of_ended_and_deleted_jobs_is_removed(tmp_path: Path) -> None:
    """That of a job which waits or runs stays, and so does whatever is fresh."""

    async def work() -> None:
        async with running(tmp_path) as here:
            kept = KeptFolders(tmp_path / "kept")
            ended, _ = await here.jobs.accept(NewJob("model", {}))
            await here.jobs.wait(ended.id, PATIENCE_S)
            runs, _ = await here.jobs.accept(NewJob("model", {"gate": True}))
            waits, _ = await here.jobs.accept(NewJob("model", {"number": 2}))
            await until(lambda: here.runner.busy == 1)
            for name in (ended.id, runs.id, waits.id, "job_gone"):
                folder = await kept.take(name, "claim")
                (folder / "part").write_text("made")
                _aged(folder)
            (await kept.take("job_fresh", "claim")).joinpath("part").write_text("made")
            await kept.remove_left(here.database)
            assert _jobs(tmp_path) == {runs.id, waits.id, "job_fresh"}
            here.runner.open_gate.set()

    asyncio.run(work())


def test_a_job_that_is_cancelled_while_it_waits_for_its_next_attempt_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pause in ("_FIRST_PAUSE_S", "_LONGEST_PAUSE_S"):
        monkeypatch.setattr(attempts, pause, 3600.0)

    async def work() -> None:
        async with running(tmp_path) as here:
            job, _ = await here.jobs.accept(NewJob("model", {"fails": 5}))
            async with asyncio.timeout(PATIENCE_S):
                while (job := await here.jobs.get(job.id)).attempts < 1 or job.status != "queued":
                    await asyncio.sleep(0.01)
            assert _jobs(tmp_path) == {job.id}
            await here.jobs.cancel(job.id)
            assert _jobs(tmp_path) == set()

    asyncio.run(work())


@pytest.mark.parametrize(
    ("asked", "more", "status", "stays"),
    [
        ({"fails": 9}, {"max_attempts": 1}, "failed", True),
        ({"refuses": True}, {}, "failed", False),
        ({"gate": True}, {"timeout_s": 0.05}, "timed_out", True),
        ({}, {}, "succeeded", False),
    ],
)
def test_what_was_finished_stays_where_a_retry_is_worth_something(
    tmp_path: Path, asked: dict[str, Any], more: dict[str, Any], status: str, stays: bool
) -> None:
    """For eight days; then it goes, and the job may be run again from its beginning."""

    async def work() -> None:
        async with running(tmp_path) as here:
            job, _ = await here.jobs.accept(NewJob("model", asked, **more))
            ended = await here.jobs.wait(job.id, PATIENCE_S)
            assert ended.status == status
            await until(lambda: (_jobs(tmp_path) == {job.id}) == stays)
            if stays:
                kept = KeptFolders(tmp_path / "kept")
                (folder,) = (tmp_path / "kept").iterdir()
                _aged(folder)
                await kept.remove_left(here.database)
                assert _jobs(tmp_path) == {job.id}
                old = now() - int((KEPT_S + 60) * 1000)
                await here.database.call(lambda c: c.execute(jobs.update().values(finished_at=old)))
                await kept.remove_left(here.database)
                assert _jobs(tmp_path) == set()

    asyncio.run(work())


def test_what_is_poison_keeps_what_was_finished_before() -> None:
    assert goes_on("failed", {"code": "poison-job", "retryable": False})
    assert not goes_on("cancelled", {"code": "cancelled", "retryable": True})


def test_who_is_late_takes_nothing_from_the_run_behind_it(tmp_path: Path) -> None:
    """An attempt has said how it ended; the job is run again before it removes its folder."""

    async def work() -> None:
        kept = KeptFolders(tmp_path / "kept")
        first = await kept.take("job_1", "one")
        (first / "old").write_text("made")
        names = await kept.names("job_1")
        second = await kept.take("job_1", "two")
        (second / "new").write_text("made")
        await kept.remove("job_1", "one")
        await kept.remove_named(names)
        assert sorted(path.name for path in second.iterdir() if path.suffix == "") == [".found", "new", "old"]

    asyncio.run(work())


def test_only_what_is_new_and_finished_is_growth(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(tmp_path) as here:
            kept = KeptFolders(tmp_path / "kept")
            job, _ = await here.jobs.accept(NewJob("model", {}))
            for claim, grows in (("one", True), ("two", False), ("three", True)):
                attempt = dataclasses.replace(job, claim=claim)
                assert not kept.grew(attempt)
                folder = await kept.take(job.id, claim)
                (folder / "parts").mkdir(exist_ok=True)
                (folder / "parts" / ".cafe.part").write_text("half of one")
                assert not kept.grew(attempt)
                if grows:
                    (folder / "parts" / claim).write_text("made")
                assert kept.grew(attempt) == grows
            assert not kept.grew(dataclasses.replace(job, claim="one"))

    asyncio.run(work())


def test_a_folder_that_is_taken_again_keeps_what_is_in_it(tmp_path: Path) -> None:
    async def work() -> None:
        kept = KeptFolders(tmp_path / "kept")
        folder = await kept.take("job_1", "one")
        (folder / "part").write_text("made")
        again = await kept.take("job_1", "two")
        assert (again / "part").read_text() == "made"
        assert again.stat().st_mode & 0o777 == 0o700
        await kept.remove("job_1", "two")
        await kept.remove("job_1", "two")
        assert list((tmp_path / "kept").iterdir()) == []

    asyncio.run(work())
