"""The queue below the jobs: DBOS, used in part below its public names, so each use is looked at here."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from dbos._dbos import _get_dbos_instance

from greenroom.jobs.job import NewJob
from greenroom.jobs.transitions import Transitions
from greenroom.jobs.upkeep import Mending
from tests.jobs.service import PATIENCE_S, Running, running, until

if TYPE_CHECKING:
    from pathlib import Path


def _entries(here: Running) -> dict[str, str]:
    """What DBOS holds, by name."""
    asked = sa.text("SELECT workflow_uuid, status FROM workflow_status")
    rows = here.database.run(lambda connection: connection.execute(asked).all(), reads=True)
    return {row[0]: row[1] for row in rows}


def test_an_accepted_job_and_its_entry_are_one_transaction(tmp_path: Path) -> None:
    """What is rolled back leaves neither."""

    async def check() -> None:
        async with running(tmp_path) as here:
            transitions = Transitions(here.jobs._engine)

            def accept_and_fail(connection: sa.Connection) -> None:
                transitions.accept(connection, NewJob("model", {}), "job_1")
                raise ZeroDivisionError

            with pytest.raises(ZeroDivisionError):
                await here.database.call(accept_and_fail)
            assert _entries(here) == {}
            assert await here.jobs.counts() == {}

    asyncio.run(check())


def test_nothing_is_claimed_before_a_device_is_free(tmp_path: Path) -> None:
    """Entries of jobs that wait stay for other hosts."""

    async def check() -> None:
        async with running(tmp_path) as here:
            first, _ = await here.jobs.accept(NewJob("model", {"gate": True}))
            await until(lambda: here.runner.busy == 1)
            second, _ = await here.jobs.accept(NewJob("model", {"number": 2}))
            await asyncio.sleep(1.2)
            assert _entries(here) == {f"{first.id}.1": "PENDING", f"{second.id}.1": "ENQUEUED"}
            here.runner.open_gate.set()
            await here.jobs.wait(second.id, PATIENCE_S)

    asyncio.run(check())


def test_an_entry_that_is_cancelled_while_it_is_claimed_holds_no_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next job runs."""

    async def check() -> None:
        async with running(tmp_path) as here:
            database = _get_dbos_instance()._sys_db
            read = database.get_workflow_statuses

            def cancel_and_read(entries: list[str]) -> Any:
                if entries:
                    monkeypatch.undo()
                    cancelled = sa.text("UPDATE workflow_status SET status = 'CANCELLED' WHERE workflow_uuid = :id")
                    here.database.run(lambda c: c.execute(cancelled, {"id": entries[0]}))
                return read(entries)

            monkeypatch.setattr(database, "get_workflow_statuses", cancel_and_read)
            first, _ = await here.jobs.accept(NewJob("model", {"number": 1}))
            await until(lambda: _entries(here) == {f"{first.id}.1": "CANCELLED"})
            second, _ = await here.jobs.accept(NewJob("model", {"number": 2}))
            assert (await here.jobs.wait(second.id, PATIENCE_S)).status == "succeeded"

    asyncio.run(check())


def test_a_job_whose_entry_was_lost_gets_another(tmp_path: Path) -> None:
    """Whatever took it away: no accepted job waits for ever."""

    async def check() -> None:
        async with running(tmp_path) as here:
            await here.jobs.accept(NewJob("model", {"gate": True}))
            await until(lambda: here.runner.busy == 1)
            lost, _ = await here.jobs.accept(NewJob("model", {"number": 2}))
            taken, _ = await here.jobs.accept(NewJob("model", {"number": 3}))
            await asyncio.to_thread(here.jobs._engine.delete, {lost.id: 1})
            orphan = sa.text(
                "UPDATE workflow_status SET status = 'PENDING', executor_id = 'nobody' WHERE workflow_uuid = :id"
            )
            await here.database.call(lambda c: c.execute(orphan, {"id": f"{taken.id}.1"}))
            here.runner.open_gate.set()
            mending = Mending(here.database, Transitions(here.jobs._engine), here.jobs._engine)
            await mending.look()
            await mending.look()
            for job in (lost, taken):
                assert (await here.jobs.wait(job.id, PATIENCE_S)).status == "succeeded"

    asyncio.run(check())


def test_entries_of_a_deleted_job_are_deleted(tmp_path: Path) -> None:
    """The queue does not grow with the history."""

    async def check() -> None:
        async with running(tmp_path) as here:
            job, _ = await here.jobs.accept(NewJob("model", {"fails": 1}, max_attempts=1))
            await here.jobs.wait(job.id, PATIENCE_S)
            await here.jobs.again(job.id)
            await here.jobs.wait(job.id, PATIENCE_S)
            await until(lambda: "PENDING" not in _entries(here).values())
            assert _entries(here).keys() == {f"{job.id}.1", f"{job.id}.2"}
            await here.jobs.delete(job.id)
            assert _entries(here) == {}

    asyncio.run(check())
