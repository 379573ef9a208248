"""Which servers are alive. A host that is lost has its jobs taken over by another, within a bounded time.

Each host counts its beats in the database. Who sees a counter stand still for ``LOST_AFTER_S`` by its own monotonic
clock declares that host lost: no clock is compared with another's, and none that jumps matters. On one machine a lock,
which the system lets go of when a process dies, tells the same at once.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import sqlalchemy as sa

from greenroom.jobs.records import now
from greenroom.jobs.schema import hosts, jobs
from greenroom.locks import hold, was_left

if TYPE_CHECKING:
    from pathlib import Path

BEAT_S = 2.0
# Some missed beats: a database that restarts must not make everybody take over from everybody.
LOST_AFTER_S = 20.0


class Lifeline:
    """A lock on a file that lasts as long as its process."""

    def __init__(self, folder: Path, host: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{host}.lock"
        self._handle = hold(self._path)

    def release(self) -> None:
        """Let go of it, as a host does that ends well."""
        self._path.unlink(missing_ok=True)
        os.close(self._handle)


def is_dead_here(folder: Path, host: str) -> bool:
    """Whether a host of this machine's folder has died."""
    return was_left(folder / f"{host}.lock")


def forget_here(folder: Path, host: str) -> None:
    """Remove the lock file of a host that was lost."""
    (folder / f"{host}.lock").unlink(missing_ok=True)


class Watch:
    """Sees whose beats stand still."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._seen: dict[str, tuple[int, float]] = {}

    def silent(self, beats: dict[str, int]) -> list[str]:
        """Hosts whose beat has not changed for too long. beats: of all hosts that are not known to be lost."""
        moment = time.monotonic()
        self._seen = {
            host: known if (known := self._seen.get(host)) is not None and known[0] == beat else (beat, moment)
            for host, beat in beats.items()
            if host != self._host
        }
        return [host for host, (_, since) in self._seen.items() if moment - since >= LOST_AFTER_S]


def register(connection: sa.Connection, host: str) -> None:
    """Write a new host."""
    connection.execute(hosts.insert().values(id=host, beat=0, started_at=now()))


def beat(connection: sa.Connection, host: str) -> tuple[bool, dict[str, int]]:
    """Count a beat; gives whether the others still believe in this host, and the beats of all that live."""
    alive = connection.execute(
        hosts.update().where(hosts.c.id == host, hosts.c.lost == sa.false()).values(beat=hosts.c.beat + 1)
    ).rowcount
    return bool(alive), beats(connection)


def beats(connection: sa.Connection) -> dict[str, int]:
    """The beats of all hosts that are not known to be lost."""
    rows = connection.execute(sa.select(hosts.c.id, hosts.c.beat).where(hosts.c.lost == sa.false()))
    return {row.id: row.beat for row in rows}


def is_alive(connection: sa.Connection, host: str) -> bool:
    """Whether the others believe that a host lives."""
    chosen = sa.select(hosts.c.id).where(hosts.c.id == host, hosts.c.lost == sa.false())
    return connection.execute(chosen).one_or_none() is not None


def declare_lost(connection: sa.Connection, host: str, seen: int | None) -> bool:
    """Mark a host as lost, unless its beat has moved on since it was ``seen``; says whether it is marked by this."""
    chosen = hosts.update().where(hosts.c.id == host, hosts.c.lost == sa.false())
    if seen is not None:
        chosen = chosen.where(hosts.c.beat == seen)
    return bool(connection.execute(chosen.values(lost=True)).rowcount)


def unknown(connection: sa.Connection) -> list[str]:
    """Hosts that jobs run on and that are not registered: they are gone, and nobody took over from them."""
    known = sa.select(hosts.c.id)
    chosen = sa.select(jobs.c.host).where(jobs.c.status == "running", jobs.c.host.not_in(known)).distinct()
    return list(connection.execute(chosen).scalars())


def lost(connection: sa.Connection) -> list[str]:
    """Hosts that were declared lost and whose entries may not all be given back yet."""
    return list(connection.execute(sa.select(hosts.c.id).where(hosts.c.lost == sa.true())).scalars())


def forget(connection: sa.Connection, host: str) -> None:
    """Remove a host, as one does that ends well."""
    connection.execute(hosts.delete().where(hosts.c.id == host))
