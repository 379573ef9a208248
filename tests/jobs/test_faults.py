"""Servers that die, stop, come back; databases that go away. No accepted job is lost, none has two results."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import sqlite3
import threading
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from greenroom.jobs.database import Database, is_away, sqlite_url
from greenroom.jobs.engine import Engine
from greenroom.jobs.errors import DatabaseUnavailable, StorageFull
from greenroom.jobs.history import Asked, read_events, read_job, read_page
from greenroom.jobs.job import NewJob
from greenroom.jobs.transitions import Transitions
from tests.forked import Forked
from tests.jobs.host import BEAT_S, LOST_AFTER_S, MOMENTS, host
from tests.jobs.postgres import Postgres
from tests.jobs.service import PATIENCE_S, Running, running, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from greenroom.jobs.job import Job


class Hosts:
    """Servers on one database, and a look into it."""

    def __init__(self, url: str, folder: Path) -> None:
        self.database = Database(url)
        self._url, self._folder = url, folder
        self.processes: list[Forked] = []

    def start(
        self,
        name: str,
        *,
        die_at: str | None = None,
        wait: bool = True,
        beat_s: float = BEAT_S,
        lost_after_s: float = LOST_AFTER_S,
    ) -> Forked:
        """Start a server with a folder of its own; hosts of one name are one machine's, one after the other."""
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        said = folder / f"said-{len(self.processes)}.txt"
        arguments = (self._url, folder, die_at, beat_s, lost_after_s)
        process = Forked(host, *arguments, folder=folder, env=os.environ, out=said, err=said)
        self.processes.append(process)
        end = time.monotonic() + PATIENCE_S
        while wait and not (said.exists() and "ready\n" in said.read_text()):
            assert process.exit_code is None, said.read_text()
            assert time.monotonic() < end, "it did not become ready"
            time.sleep(0.01)
        return process

    def said(self, name: str) -> str:
        """What the servers of a name have said, on both streams."""
        return "".join(path.read_text() for path in (self._folder / name).glob("said-*.txt"))

    def files(self, name: str) -> list[Path]:
        """The results that a machine keeps."""
        return [path for path in (self._folder / name / "artifacts").rglob("*") if path.is_file()]

    def job(self, job_id: str) -> Job:
        return self.database.run(lambda connection: read_job(connection, job_id), reads=True)

    def jobs(self) -> tuple[Job, ...]:
        return self.database.run(lambda connection: read_page(connection, Asked(limit=1000)), reads=True).jobs

    def kinds(self, job_id: str) -> list[str]:
        return [event.kind for event in self.database.run(lambda c: read_events(c, job_id), reads=True)]

    def ended(self, job_id: str, seconds: float = PATIENCE_S) -> Job:
        """A job once it has ended; fails when it does not in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            job = self.job(job_id)
            if job.ended:
                return job
            time.sleep(0.05)
        raise AssertionError(f"{job_id} is {self.job(job_id).status}: {self.kinds(job_id)}")

    def until(self, job_id: str, status: str, seconds: float = PATIENCE_S) -> None:
        end = time.monotonic() + seconds
        while self.job(job_id).status != status:
            assert time.monotonic() < end, self.kinds(job_id)
            time.sleep(0.02)

    def close(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()
        self.database.close()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Hosts]:
    hosts = Hosts(sqlite_url(tmp_path / "jobs.sqlite"), tmp_path)
    yield hosts
    hosts.close()


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


@pytest.fixture
def many(postgres: Postgres, tmp_path: Path) -> Iterator[Hosts]:
    name = f"jobs_{os.getpid()}_{time.monotonic_ns()}"
    engine = sa.create_engine(postgres.url.replace("postgresql", "postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    hosts = Hosts(postgres.url.rsplit("/", 1)[0] + f"/{name}", tmp_path)
    yield hosts
    hosts.close()


def _accept(hosts: Hosts, *jobs: NewJob) -> list[str]:
    """Put jobs into the queue without running any: as a server does that dies at once."""
    engine = Engine(hosts.database, "accepts-only", job=lambda *_: None, delivery=lambda *_: None)
    engine.launch()
    transitions = Transitions(engine)
    hosts.database.prepare()
    try:
        return [hosts.database.run(partial(_put, transitions, new)) for new in jobs]
    finally:
        engine.close()


def _until(holds: Callable[[], object], so_far: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, f"it did not come in time: {so_far()}"
        time.sleep(0.02)


def _put(transitions: Transitions, new: NewJob, connection: sa.Connection) -> str:
    return transitions.accept(connection, new, f"job_{secrets.token_hex(12)}")[0].id


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_server_killed_at_any_moment_loses_no_job(sqlite: Hosts, moment: str) -> None:
    """The next one on the machine finishes what it left, and there is one result. It knows by the lock of the dead."""
    new = NewJob("model", {"number": 1, "steps": 2, "files": {"a.txt": "hello"}})
    (job_id,) = _accept(sqlite, new)
    sqlite.start("here", die_at=moment, wait=False).wait(PATIENCE_S)
    assert not sqlite.job(job_id).ended
    sqlite.start("here")
    job = sqlite.ended(job_id)
    assert (job.status, job.output, len(job.artifacts)) == ("succeeded", {"number": 1}, 1)
    assert sqlite.kinds(job_id).count("succeeded") == 1


def test_a_host_that_is_gone_for_good_has_its_jobs_taken_over(many: Hosts, tmp_path: Path) -> None:
    """By one that knows it from its beats alone; how long they may stand still, tests/jobs/test_hosts.py has."""
    mark = tmp_path / "mark"
    first = many.start("one")
    ids = _accept(many, NewJob("model", {"mark": str(mark)}), NewJob("model", {"number": 2}))
    many.until(ids[0], "running")
    first.kill()
    mark.touch()
    many.start("two", lost_after_s=3.0)
    done = [many.ended(job_id) for job_id in ids]
    assert [job.status for job in done] == ["succeeded", "succeeded"]
    assert [job.attempts for job in done] == [2, 1]


@pytest.mark.parametrize("hears", [True, False])
def test_a_host_that_comes_back_from_the_dead_adds_no_second_result(many: Hosts, tmp_path: Path, hears: bool) -> None:
    """It slept, its job was done elsewhere: it goes on under another name, or what it made unawares is dropped."""
    mark = tmp_path / "mark"
    first = many.start("one", beat_s=BEAT_S if hears else 3600.0)
    (job_id,) = _accept(many, NewJob("model", {"mark": str(mark), "files": {"a.txt": "x"}}))
    many.until(job_id, "running")
    os.kill(first.pid, signal.SIGSTOP)
    mark.touch()
    many.start("two", lost_after_s=3.0)
    done = many.ended(job_id)
    os.kill(first.pid, signal.SIGCONT)
    _until(lambda: f"job {job_id}: the attempt was taken from this host" in many.said("one"), lambda: many.said("one"))
    if hears:
        _until(lambda: "this server was declared lost by another" in many.said("one"), lambda: many.said("one"))
        (later,) = _accept(many, NewJob("model", {"number": 3}))
        assert many.ended(later).status == "succeeded"
    else:
        _until(lambda: not many.files("one"), lambda: many.files("one"))
    assert len(many.files("two")) == 1
    assert many.job(job_id) == done
    kinds = many.kinds(job_id)
    assert (kinds.count("succeeded"), kinds.count("requeued"), kinds.count("started")) == (1, 1, 2)


def test_a_transaction_of_a_frozen_host_keeps_its_rows_from_nobody(postgres: Postgres) -> None:
    """The database ends it, or whoever follows that host would wait for it to wake."""
    database = Database(postgres.url)
    lock = sa.select(sa.func.pg_advisory_xact_lock(17))
    limit = "idle_in_transaction_session_timeout"
    try:
        frozen = database.engine.connect()
        assert frozen.execute(sa.text(f"SHOW {limit}")).scalar() == "10s"
        frozen.execute(lock)
        began = time.monotonic()
        frozen.execute(sa.text(f"SET {limit} = '1s'"))  # nobody has ten
        with database.engine.begin() as other:
            other.execute(lock)
        assert time.monotonic() - began > 0.5
        with pytest.raises(sa.exc.DBAPIError) as told:
            frozen.execute(sa.select(1))
        assert is_away(told.value)  # so that it is tried again, on another connection
        frozen.close()
    finally:
        database.close()


def test_a_job_that_takes_every_server_down_is_given_up(sqlite: Hosts) -> None:
    """After as many starts as it may have, and the server after that lives."""
    (job_id,) = _accept(sqlite, NewJob("model", {"files": {"a.txt": "x"}}, max_attempts=2))
    for _ in range(2):
        process = sqlite.start("here", die_at="before files are stored", wait=False)
        assert process.wait(PATIENCE_S) == -signal.SIGKILL
    sqlite.start("here", die_at="before files are stored")
    job = sqlite.ended(job_id)
    assert job.status == "failed"
    assert job.error is not None
    assert job.error["code"] == "poison-job"


@pytest.mark.parametrize("kind", ["sqlite", "many"])
def test_two_servers_share_one_queue(kind: str, request: pytest.FixtureRequest) -> None:
    """Each job runs once, on either of them."""
    hosts: Hosts = request.getfixturevalue(kind)
    ids = _accept(hosts, *(NewJob("model", {"number": number, "steps": 1}) for number in range(40)))
    for name in ("one", "two"):
        hosts.start(name)
    for job_id in ids:
        assert hosts.ended(job_id).status == "succeeded"
    for job_id in ids:
        assert Counter(hosts.kinds(job_id))["started"] == 1


def test_postgres_restarts_under_two_hosts(many: Hosts, postgres: Postgres) -> None:
    """Jobs that ran go on, jobs that waited are run, and nobody is declared lost for the database's absence."""
    for name in ("one", "two"):
        many.start(name, lost_after_s=3.0)
    ids = _accept(many, *(NewJob("model", {"number": number, "steps": 20, "step_s": 0.1}) for number in range(4)))
    many.until(ids[0], "running")
    postgres.stop("immediate")
    time.sleep(4.0)
    postgres.start()
    for job_id in ids:
        job = many.ended(job_id, 2 * PATIENCE_S)
        assert job.status == "succeeded", job.error
        assert many.kinds(job_id).count("succeeded") == 1


def test_a_locked_database_only_takes_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Someone holds the writer's lock for longer than SQLite waits: jobs are accepted and settled when it lets go."""
    monkeypatch.setattr("greenroom.jobs.database._BUSY_S", 1)

    async def check() -> None:
        async with running(tmp_path) as here:
            runs, _ = await here.jobs.accept(NewJob("model", {"gate": True}))
            await until(lambda: here.runner.busy == 1)
            held, let_go = threading.Event(), threading.Event()
            refused = _refused(here, monkeypatch)

            def hold() -> None:
                with contextlib.closing(sqlite3.connect(tmp_path / "jobs.sqlite")) as other:
                    other.execute("BEGIN EXCLUSIVE")
                    held.set()
                    let_go.wait(2 * PATIENCE_S)
                    other.rollback()

            thread = threading.Thread(target=hold)
            thread.start()
            await asyncio.to_thread(held.wait)
            accepting = asyncio.create_task(here.jobs.accept(NewJob("model", {"number": 2})))
            here.runner.open_gate.set()
            for name in ("Jobs.accept", "Attempts._finish"):
                await until(lambda name=name: any(each.startswith(name) for each in refused))
            assert not accepting.done()
            let_go.set()
            waits, _ = await accepting
            assert (await here.jobs.wait(runs.id, PATIENCE_S)).status == "succeeded"
            assert (await here.jobs.wait(waits.id, PATIENCE_S)).status == "succeeded"
            thread.join()

    asyncio.run(check())


def _refused(here: Running, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of transactions that the database has not taken, from now on; each is made again."""
    names: list[str] = []
    real = here.database.run

    def noting(transaction: Callable[[sa.Connection], Any], reads: bool = False) -> Any:
        try:
            return real(transaction, reads)
        except (DatabaseUnavailable, StorageFull):
            names.append(getattr(transaction, "__qualname__", ""))
            raise

    monkeypatch.setattr(here.database, "run", noting)
    return names


def test_a_full_disk_accepts_nothing_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be kept is refused in words; a job that ends meanwhile is settled once there is room."""

    async def check() -> None:
        async with running(tmp_path) as here:
            large = "4" * 200_000  # no page that is there already holds such a result
            job, _ = await here.jobs.accept(NewJob("model", {"gate": True, "number": large}))
            await until(lambda: here.runner.busy == 1)
            limited: list[sqlite3.Connection] = []

            @sa.event.listens_for(here.database.engine, "checkout")
            def no_more_pages(connection: sqlite3.Connection, *_: object) -> None:
                if full:
                    pages = connection.execute("PRAGMA page_count").fetchone()[0]
                    connection.execute(f"PRAGMA max_page_count={pages}")
                    limited.append(connection)
                else:
                    connection.execute("PRAGMA max_page_count=1000000")

            full = True
            with pytest.raises(StorageFull):
                await here.jobs._database.call(lambda c: here.jobs._transitions.accept(c, _large(), "job_1"), 0.5)
            assert limited
            refused = _refused(here, monkeypatch)
            here.runner.open_gate.set()
            await until(lambda: any(name.startswith("Attempts._finish") for name in refused))
            full = False
            assert (await here.jobs.wait(job.id, PATIENCE_S)).output == {"number": large}

    asyncio.run(check())


def _large() -> NewJob:
    return NewJob("model", {"text": "x" * 200_000})
