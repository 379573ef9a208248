"""Webhooks: at least once each, signed, off the job's path, tried again over a day and across restarts."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa

from greenroom.errors import GreenroomError
from greenroom.jobs.errors import JobUnknown
from greenroom.jobs.history import read_job
from greenroom.jobs.records import dumps
from greenroom.jobs.schema import deliveries
from greenroom.jobs.shown import shown_job, shown_time
from greenroom.jobs.signing import webhook_headers

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.jobs.database import Database
    from greenroom.jobs.engine import Queue
    from greenroom.jobs.job import Artifact, Job, Webhook
    from greenroom.jobs.runner import Poster, Watcher

# A receiver that is down for a day still gets its messages: the pauses before the 2nd, 3rd ... attempt.
_PAUSES_S = (5, 15, 60, 300, 900, 3600, 7200, 14_400, 28_800, 28_800)
# By Standard Webhooks, a receiver that wants no more answers with this.
_GONE = 410
Outcome = Literal["delivered", "failed", "refused"]
_log = logging.getLogger("greenroom.webhooks")


class Webhooks:
    """Delivers what transitions have queued. secret: signs for receivers that gave none of their own."""

    def __init__(
        self,
        database: Database,
        queue: Queue,
        poster: Poster,
        watcher: Watcher,
        link: Callable[[Artifact], str],
        secret: str,
    ) -> None:
        self._database, self._queue, self._poster, self._watcher = database, queue, poster, watcher
        self._link, self._secret = link, secret

    async def deliver(self, delivery_id: str, entry: int) -> None:
        """Make one attempt; queues the next when it fails, gives up after the last."""
        found = await self._database.read(lambda connection: _due(connection, delivery_id, entry), float("inf"))
        if found is None:
            return
        row, job, webhook = found
        attempt = row.attempts + 1
        outcome = await self._send(row, job, webhook)
        self._watcher.delivered(succeeded=outcome == "delivered")

        def note(connection: sa.Connection) -> None:
            last = attempt > len(_PAUSES_S)
            state = "delivered" if outcome == "delivered" else "failed" if last or outcome == "refused" else "due"
            changed = deliveries.update().where(deliveries.c.id == delivery_id, deliveries.c.entry == entry)
            values = {"attempts": attempt, "entry": entry + 1, "state": state}
            if connection.execute(changed.values(values)).rowcount and state == "due":
                self._queue.deliver(connection, delivery_id, entry=entry + 1, delay_s=float(_PAUSES_S[attempt - 1]))

        await self._database.call(note, float("inf"))

    async def _send(self, row: sa.Row[Any], job: Job, webhook: Webhook) -> Outcome:
        message = {
            "type": f"job.{row.event}",
            "timestamp": shown_time(row.created_at),
            "data": shown_job(job, self._link),
        }
        body = dumps(message).encode()
        headers = {
            "content-type": "application/json",
            **webhook_headers([webhook.secret or self._secret], row.id, body),
        }
        if job.traceparent:
            headers["traceparent"] = job.traceparent
        said = {"job": job.id, "delivery": row.id}
        try:
            status = await self._poster.post(webhook.url, body, headers)
        except GreenroomError as error:
            _log.warning("webhook of %s: %s", job.id, error, extra=said)
            return "failed"
        except Exception:  # whatever it was, it is tried again
            _log.exception("webhook of %s failed unexpectedly", job.id, extra=said)
            return "failed"
        if 200 <= status < 300:
            return "delivered"
        _log.warning("webhook of %s: the receiver answered %d", job.id, status, extra=said)
        return "refused" if status == _GONE else "failed"


def _due(connection: sa.Connection, delivery_id: str, entry: int) -> tuple[sa.Row[Any], Job, Webhook] | None:
    row = connection.execute(sa.select(deliveries).where(deliveries.c.id == delivery_id)).one_or_none()
    if row is None or row.state != "due" or row.entry != entry:
        return None
    try:
        job = read_job(connection, row.job_id)
    except JobUnknown:
        return None
    return None if job.webhook is None else (row, job, job.webhook)
