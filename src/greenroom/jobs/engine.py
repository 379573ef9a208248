"""The queue: DBOS Transact in the database of jobs (https://docs.dbos.dev).

DBOS keeps the order (priority, then age), hands each entry to one host, knows who runs what, and gives back what a
lost host ran. Two things it does in a way that a queue of long jobs cannot use, and this file does them itself with
DBOS's own parts, some of them not public; hence the narrow pin in pyproject.toml, and the tests of this file:

- it polls each queue at an interval, at best one claim a tick: a worker would idle between jobs, or the database would
  be polled hard while nothing happens. Here a host claims in the moment in which a device is free.
- a queue's concurrency is one number for all hosts: a small host would hold jobs that a larger one could run.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any, Protocol

from dbos import DBOS, DBOSClient, DBOSConfig, EnqueueOptions, WorkflowSerializationFormat
from dbos._core import execute_dequeued_workflow
from dbos._dbos import _get_dbos_instance
from dbos._utils import INTERNAL_QUEUE_NAME, generate_uuid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import sqlalchemy as sa
    from dbos._sys_db import WorkflowStatusInternal

    from greenroom.jobs.database import Database

_APPLICATION = "greenroom"
# Entries of all releases with the same version run on each other's hosts; it grows when their arguments change.
_VERSION = "1"
_JOB, _DELIVERY = "greenroom.job", "greenroom.delivery"
DELIVERIES = "deliveries"
# DBOS takes 1 to 2^31 - 1, the lowest first; ours are -100 to 100, the highest first.
_MIDDLE = 1000


class Queue(Protocol):
    """What a transaction needs of the queue."""

    def put(
        self,
        connection: sa.Connection,
        job_id: str,
        *,
        run: int,
        model: str,
        priority: int,
        delay_s: float | None = None,
    ) -> None:
        """Queue a job. run: counts from 1 how often it was queued.  delay_s: not before."""

    def deliver(self, connection: sa.Connection, delivery_id: str, *, entry: int, delay_s: float | None = None) -> None:
        """Queue an attempt to deliver a webhook. entry: counts from 1 how often it was queued."""


class Engine:
    """DBOS, launched once in a process.

    job, delivery: called in a thread each, with the id and its run, when this host has claimed an entry.
    """

    def __init__(
        self, database: Database, host: str, *, job: Callable[[str, int], None], delivery: Callable[[str, int], None]
    ) -> None:
        self.host = host
        config: DBOSConfig = {
            "name": _APPLICATION,
            "system_database_engine": database.engine_of_dbos,
            "application_version": _VERSION,
            "executor_id": host,
            "log_level": "WARNING",
            # Its events are not used; a listener would hold a connection.
            "use_listen_notify": False,
            # What looks for them instead finds nothing to ask the database, but a stop waits for its next look.
            "notification_listener_polling_interval_sec": 0.1,
        }
        for noisy in ("dbos", "dbos.transact"):
            logging.getLogger(noisy).setLevel(logging.WARNING)
        DBOS(config=config)

        # DBOS writes its marks on the functions, which methods do not take.
        @DBOS.workflow(name=_JOB)
        def run_job(job_id: str, run: int) -> None:
            with self._executing(f"{job_id}.{run}"):
                job(job_id, run)

        @DBOS.workflow(name=_DELIVERY)
        def run_delivery(delivery_id: str, entry: int) -> None:
            with self._executing(f"{delivery_id}.{entry}"):
                delivery(delivery_id, entry)

        # Claiming is ours: DBOS' own threads listen to its internal queue alone.
        DBOS.listen_queues([])
        self._client = DBOSClient(
            system_database_engine=database.engine_of_dbos, application_name=_APPLICATION, lazy=True
        )
        self._queues: dict[str, Any] = {}
        self._running: set[str] = set()

    def launch(self) -> None:
        """Make DBOS' tables and begin. Blocks."""
        DBOS.launch()

    def put(
        self,
        connection: sa.Connection,
        job_id: str,
        *,
        run: int,
        model: str,
        priority: int,
        delay_s: float | None = None,
    ) -> None:
        """Queue a job, as part of the transaction that accepts it; a later run goes before new jobs of its priority."""
        place = _MIDDLE - 2 * priority - (run > 1)
        self._enqueue(connection, _JOB, f"{job_id}.{run}", _queue_of(model), (job_id, run), delay_s, priority=place)

    def deliver(self, connection: sa.Connection, delivery_id: str, *, entry: int, delay_s: float | None = None) -> None:
        """Queue an attempt to deliver, as part of the transaction that decides on it."""
        self._enqueue(connection, _DELIVERY, f"{delivery_id}.{entry}", DELIVERIES, (delivery_id, entry), delay_s)

    def claim(self, model: str, limit: int) -> int:
        """Claim up to ``limit`` jobs of a model for this host and begin to run them; gives how many. Blocks."""
        return self._claim(_queue_of(model), limit)

    def claim_deliveries(self, limit: int) -> int:
        """Claim up to ``limit`` deliveries that are due and begin with them; gives how many. Blocks."""
        return self._claim(DELIVERIES, limit)

    def forget(self, entries: Mapping[str, int]) -> None:
        """Take entries out that are no longer to run; nothing where there is none. entries: run by name. Blocks."""
        DBOS.cancel_workflows([f"{name}.{run}" for name, run in entries.items()])

    def delete(self, entries: Mapping[str, int]) -> None:
        """Delete all entries of jobs and deliveries. entries: how many each has, by name. Blocks."""
        DBOS.delete_workflows([f"{name}.{run}" for name, runs in entries.items() for run in range(1, runs + 1)])

    def missing(self, entries: dict[str, int], hosts: set[str]) -> list[str]:
        """Which of these have no entry that is queued, or claimed by one of ``hosts``. entries: run by name. Blocks."""
        names = {f"{name}.{run}": name for name, run in entries.items()}
        kept = {
            status["workflow_uuid"]
            for status in _get_dbos_instance()._sys_db.get_workflow_statuses(list(names))
            if self._is_kept(status, hosts)
        }
        return [name for entry, name in names.items() if entry not in kept]

    def _is_kept(self, status: WorkflowStatusInternal, hosts: set[str]) -> bool:
        if status["status"] != "PENDING":
            return status["status"] in ("ENQUEUED", "DELAYED")
        if status["executor_id"] == self.host:  # it was claimed here: then it runs here, or was lost on the way
            return status["workflow_uuid"] in self._running
        return status["executor_id"] in hosts

    @contextlib.contextmanager
    def _executing(self, entry: str) -> Iterator[None]:
        self._running.add(entry)
        try:
            yield
        finally:
            self._running.discard(entry)

    def recover(self, host: str) -> None:
        """Queue anew whatever a lost host had claimed; safe to repeat. Blocks."""
        database = _get_dbos_instance()._sys_db
        for pending in database.get_pending_workflows(host, _VERSION):
            database.reenqueue_for_recovery(pending.workflow_id, [host], INTERNAL_QUEUE_NAME)

    def close(self, patience_s: int = 0) -> None:
        """Stop DBOS. Blocks."""
        DBOS.destroy(workflow_completion_timeout_sec=patience_s, destroy_registry=True)

    def _enqueue(
        self,
        connection: sa.Connection,
        name: str,
        entry: str,
        queue: str,
        arguments: tuple[Any, ...],
        delay_s: float | None,
        priority: int = _MIDDLE,
    ) -> None:
        options: EnqueueOptions = {
            "workflow_name": name,
            "queue_name": queue,
            "workflow_id": entry,
            "app_version": _VERSION,
            "priority": priority,
            # JSON: nothing in the database is ever unpickled.
            "serialization_type": WorkflowSerializationFormat.PORTABLE,
        }
        if delay_s is not None:
            options["delay_seconds"] = delay_s
        self._client.enqueue_in_transaction(connection, options, *arguments)

    def _claim(self, queue_name: str, limit: int) -> int:
        dbos = _get_dbos_instance()
        queue = self._queues.get(queue_name)
        if queue is None:
            queue = self._queues[queue_name] = DBOS.register_queue(queue_name)
        queue._worker_concurrency = limit
        token = generate_uuid()
        claimed, _ = dbos._sys_db.start_queued_workflows(queue, self.host, _VERSION, None, owner_xid=token)
        begun = 0
        for status in dbos._sys_db.get_workflow_statuses(claimed) if claimed else ():
            # DBOS does not run one that was cancelled meanwhile: who counts it would wait for its beginning for ever.
            if status["status"] == "PENDING":
                execute_dequeued_workflow(dbos, status, token)
                begun += 1
        return begun


def _queue_of(model: str) -> str:
    return f"model-{model}"
