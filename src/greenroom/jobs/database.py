"""One database for jobs and for DBOS: a SQLite file, or PostgreSQL by URL; the same code for both."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError

from greenroom.errors import ExtraMissing, GreenroomError, InputInvalid
from greenroom.jobs.errors import DatabaseUnavailable, StorageFull
from greenroom.jobs.schema import VERSION, about, metadata

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_Result = TypeVar("_Result")
# SQLite waits so long for another writer, PostgreSQL for a connection, before the call is made again.
_BUSY_S = 5
# PostgreSQL ends a transaction in which nothing has happened for so long. Ours never pause.
_FROZEN_S = 10
_THREADS = 8
_RACES = 3
_TURN = "greenroom-turn"
# Any number that other users of the database do not lock by.
_LOCK = 0x677265656E


def sqlite_url(file: Path) -> str:
    """The URL of a SQLite file."""
    return f"sqlite:///{file}"


class Database:
    """Transactions in threads, made again while the database is away.

    >>> job = await database.call(lambda connection: read_job(connection, "job_1"))
    """

    def __init__(self, url: str) -> None:
        turns = _Turns()
        self.engine = _engine(url, turns, own=True)
        # DBOS begins its transactions in its own way.
        self.engine_of_dbos = _engine(url, turns, own=False)
        self._reader = self.engine.execution_options(reads=True)
        self._threads = ThreadPoolExecutor(_THREADS, "database")

    def prepare(self) -> None:
        """Make the tables, or see that they are of this version. Raises DatabaseUnavailable, InputInvalid."""
        with _in_words(), self.engine.begin() as connection:
            if self.engine.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            metadata.create_all(connection)
            version = fact(connection, "version", str(VERSION))
        if version != str(VERSION):
            raise InputInvalid(
                f"the database of jobs has version {version}, this greenroom reads version {VERSION}",
                mend="use the greenroom that made it, or another database",
            )

    async def call(
        self, transaction: Callable[[sa.Connection], _Result], patience_s: float = 15.0, *, reads: bool = False
    ) -> _Result:
        """Run one transaction. patience_s: how long to make it again while the database is away.

        ``transaction`` may run several times; only one of them is committed, except that a connection lost during the
        commit leaves open whether it was: so it must be safe to repeat. Raises DatabaseUnavailable, StorageFull.
        """
        until = time.monotonic() + patience_s
        pause, races = 0.05, 0
        while True:
            try:
                return await asyncio.get_running_loop().run_in_executor(self._threads, self.run, transaction, reads)
            except (DatabaseUnavailable, StorageFull):
                if time.monotonic() + pause >= until:
                    raise
            except IntegrityError:  # another was faster with the same key: seen by looking again
                races += 1
                if races > _RACES:
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, 2.0)

    async def read(self, transaction: Callable[[sa.Connection], _Result], patience_s: float = 15.0) -> _Result:
        """Run one transaction that changes nothing, and so waits for no writer. Raises DatabaseUnavailable."""
        return await self.call(transaction, patience_s, reads=True)

    def run(self, transaction: Callable[[sa.Connection], _Result], reads: bool = False) -> _Result:
        """Run one transaction in this thread, once. Raises DatabaseUnavailable, StorageFull."""
        engine = self._reader if reads else self.engine
        with _in_words(), engine.begin() as connection:
            return transaction(connection)

    def close(self) -> None:
        """Wait for running transactions, and let go of all connections."""
        self._threads.shutdown(wait=True)
        self.engine.dispose()
        self.engine_of_dbos.dispose()


def fact(connection: sa.Connection, name: str, first: str) -> str:
    """What the database holds under a name; ``first`` if nobody wrote it yet."""
    kept = connection.execute(sa.select(about.c.value).where(about.c.name == name)).scalar()
    if kept is None:
        connection.execute(about.insert().values(name=name, value=first))
        return first
    return str(kept)


def signing_secret(connection: sa.Connection) -> str:
    """The secret that all servers on this database sign links with, made by the first of them."""
    return fact(connection, "signing-secret", secrets.token_urlsafe(32))


def _engine(url: str, turns: _Turns, *, own: bool) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise InputInvalid(
            "the setting database is no URL", mend="such as postgresql://user:password@host/name or sqlite:///file"
        ) from None
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, turns, own=own)
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise InputInvalid(
            f"the setting database names {parsed.get_backend_name()}", mend="greenroom knows sqlite and postgresql"
        )
    try:
        import psycopg  # noqa: F401 - SQLAlchemy would fail with its own words
    except ImportError:
        raise ExtraMissing("the driver for PostgreSQL", "postgres") from None
    engine = sa.create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        pool_size=_THREADS,
        max_overflow=8,
        pool_pre_ping=True,
        pool_timeout=_BUSY_S,
        # A server that vanished without a word is noticed within half a minute.
        connect_args={
            "connect_timeout": _BUSY_S,
            "application_name": "greenroom",
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 20_000,
        },
        hide_parameters=True,  # inputs of callers have no place in a log
    )

    @sa.event.listens_for(engine, "connect")
    def _connect(connection: Any, _: Any) -> None:
        # A host that is frozen in the middle of a transaction must not keep its rows from the one that follows it.
        connection.execute(f"SET idle_in_transaction_session_timeout = '{_FROZEN_S}s'")
        connection.commit()

    return engine


def _sqlite(url: sa.URL, turns: _Turns, *, own: bool) -> sa.Engine:
    engine = sa.create_engine(url, pool_size=_THREADS, max_overflow=8, pool_timeout=_BUSY_S, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def _connect(connection: Any, _: Any) -> None:
        # Python's driver would begin a transaction only with its first change, behind what was read for it.
        connection.isolation_level = None if own else "IMMEDIATE"
        connection.execute(f"PRAGMA busy_timeout={_BUSY_S * 1000}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA journal_mode=WAL")
        # A job that was accepted outlives a power cut too: our commits reach the disk, and with them all that DBOS has
        # committed before. What DBOS did after our last one may be lost, as if the power had been cut a moment sooner.
        connection.execute(f"PRAGMA synchronous={'FULL' if own else 'NORMAL'}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("reads"):
            connection.exec_driver_sql("BEGIN")
            return
        if turns.take():
            connection.connection.record_info[_TURN] = True  # type: ignore[index]  # a connection in use has a record
        if own:
            # It takes the writer's lock at once: it waits there, and cannot fail in its middle.
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    @sa.event.listens_for(engine, "checkin")
    def _checkin(_: Any, record: Any) -> None:
        if record.record_info.pop(_TURN, False):
            turns.leave()

    return engine


class _Turns:
    """Who writes to SQLite is waited for in Python, by all of this process, until the connection is given back.

    SQLite itself looks again after pauses of up to 100 ms, in which whoever writes without a pause is always faster:
    DBOS would claim nothing while jobs are accepted.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None

    def take(self) -> bool:
        """Wait for the turn; False when this thread has it already."""
        if self._owner == threading.get_ident():
            return False
        self._lock.acquire()
        self._owner = threading.get_ident()
        return True

    def leave(self) -> None:
        """Let the next one write. From any thread: a connection that was lost is given back by whoever finds it."""
        self._owner = None
        self._lock.release()


@contextlib.contextmanager
def _in_words() -> Any:
    """Turn what a driver says into our errors; what is a fault of ours stays as it is."""
    try:
        yield
    except DBAPIError as error:
        raise _words(error) from error
    except sa.exc.TimeoutError as error:  # no connection came free
        raise DatabaseUnavailable from error


def _words(error: DBAPIError) -> Exception:
    said = str(error.orig).lower()
    if "file is not a database" in said:
        return InputInvalid("the database is a file, but none of SQLite", mend="name another --data or --database")
    if "disk is full" in said or "no space left" in said or "disk full" in said:
        return StorageFull()
    if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
        return DatabaseUnavailable()
    return error


def is_away(error: BaseException) -> bool:
    """Whether an error only says that the database is away now."""
    return isinstance(error, DatabaseUnavailable | StorageFull) or (
        isinstance(error, DBAPIError) and isinstance(_words(error), GreenroomError)
    )
