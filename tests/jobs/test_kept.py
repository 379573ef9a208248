"""Folders that outlive an attempt go with their job, also where it ends without one."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from greenroom.jobs.job import NewJob
from greenroom.jobs.kept import KeptFolders
from tests.jobs.service import running, until


def _aged(folder: Path) -> None:
    os.utime(folder, times=(time.time() - 120, time.time() - 120))


def test_what_is_left_of_ended_and_deleted_jobs_is_removed(tmp_path: Path) -> None:
    """That of a job which waits or runs stays, and so does whatever is fresh."""

    async def work() -> None:
        async with running(tmp_path) as here:
            kept = KeptFolders(tmp_path / "kept")
            ended, _ = await here.jobs.accept(NewJob("model", {}))
            await here.jobs.wait(ended.id, 10)
            runs, _ = await here.jobs.accept(NewJob("model", {"gate": True}))
            waits, _ = await here.jobs.accept(NewJob("model", {"number": 2}))
            await until(lambda: here.runner.busy == 1)
            for name in (ended.id, runs.id, waits.id, "job_gone"):
                folder = await kept.take(name)
                (folder / "part").write_text("made")
                _aged(folder)
            (await kept.take("job_fresh")).joinpath("part").write_text("made")
            await kept.remove_left(here.database)
            assert {path.name for path in (tmp_path / "kept").iterdir()} == {runs.id, waits.id, "job_fresh"}
            here.runner.open_gate.set()

    asyncio.run(work())


def test_a_job_that_is_cancelled_while_it_waits_for_its_next_attempt_leaves_nothing(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(tmp_path) as here:
            job, _ = await here.jobs.accept(NewJob("model", {"fails": 5}))
            while (await here.jobs.get(job.id)).attempts < 1 or (await here.jobs.get(job.id)).status != "queued":
                await asyncio.sleep(0.01)
            assert (tmp_path / "kept" / job.id).is_dir()
            await here.jobs.cancel(job.id)
            assert not (tmp_path / "kept" / job.id).exists()

    asyncio.run(work())


def test_a_folder_that_is_taken_again_keeps_what_is_in_it(tmp_path: Path) -> None:
    async def work() -> None:
        kept = KeptFolders(tmp_path / "kept")
        folder = await kept.take("job_1")
        (folder / "part").write_text("made")
        assert [path.name for path in (await kept.take("job_1")).iterdir()] == ["part"]
        assert folder.stat().st_mode & 0o777 == 0o700
        await kept.remove("job_1")
        await kept.remove("job_1")
        assert not folder.exists()

    asyncio.run(work())
