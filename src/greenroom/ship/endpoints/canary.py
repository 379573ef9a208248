"""The job that proves a release: made by a new worker, and answered."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from greenroom.errors import Cancelled
from greenroom.ship.deploy.errors import CanaryFailed
from greenroom.ship.deploy.pace import Illness
from greenroom.ship.endpoints.watching import READ_LOG, are_ill, tell_log
from greenroom.ship.runpod.errors import ReplyLost, RunPodError
from greenroom.ship.runpod.queue import Balancer, Queue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from greenroom.plan.actions import Attempt
    from greenroom.ship.deploy.pace import Pace
    from greenroom.ship.runpod.client import RunPod
    from greenroom.ship.runpod.types import Endpoint, Job

# A job that an old worker took proves nothing, and one whose reply got lost may have been handed in: both are followed
# by another, since a canary may run twice without harm.
_JOBS = 3


def prove(runpod: RunPod, endpoint: Endpoint, inputs: Mapping[str, Any], attempt: Attempt, pace: Pace) -> None:
    """Ask the endpoint, and take only the right answer of a new worker. Raises CanaryFailed, RunPodError, Cancelled."""
    if endpoint.type == "QUEUE":
        _prove_queue(runpod, endpoint, inputs, attempt, pace)
    else:
        _prove_balancer(runpod, endpoint, inputs, attempt, pace)


def _prove_queue(runpod: RunPod, endpoint: Endpoint, inputs: Mapping[str, Any], attempt: Attempt, pace: Pace) -> None:
    queue = Queue(runpod.transport, endpoint)
    began = pace.clock()
    for left in range(_JOBS - 1, -1, -1):
        try:
            job = queue.run(inputs, timeout_ms=round(pace.canary * 1000))
        except ReplyLost:
            if not left:
                raise
            attempt.say("the answer to the canary job was lost; another one is handed in")
            continue
        job = _to_end(runpod, endpoint, queue, job, attempt, pace, began)
        if job.status != "COMPLETED":
            raise CanaryFailed(
                f"the canary job ended as {job.status}: {_reason(job)}", mend="mend the image, or give other --canary"
            )
        if not _is_by_old_worker(runpod, endpoint, job):
            attempt.say(f"the canary job was done by {job.worker_id or 'a worker'} in {job.execution_time or 0} ms")
            return
        attempt.say("an old worker did the canary job; another one is handed in")
    raise CanaryFailed("old workers took every canary job", mend="run it again when their jobs have ended")


def _to_end(
    runpod: RunPod, endpoint: Endpoint, queue: Queue, job: Job, attempt: Attempt, pace: Pace, began: float
) -> Job:
    """Wait for the end of a job; one that is given up before is cancelled. Raises CanaryFailed, Cancelled."""
    illness = Illness(pace)
    with _cancelled_if_given_up(queue, job):
        while not job.has_ended:
            seconds = pace.clock() - began
            state = job.status.lower().replace("_", " ")
            attempt.step(f"canary job {state}", seconds, pace.canary)
            workers = runpod.endpoints.workers(endpoint.id).workers if job.status == "IN_QUEUE" else ()
            if illness.lasts(are_ill(workers)):
                tell_log(runpod, endpoint.id, workers, attempt)
                raise CanaryFailed("no worker becomes healthy to take the canary job", mend=READ_LOG)
            if seconds >= pace.canary:
                raise CanaryFailed(
                    f"the canary job did not end in {pace.canary:.0f} s (it is {state})",
                    mend="give a longer --canary-s, or smaller inputs",
                )
            pace.pause(attempt.stop, pace.look)
            job = queue.status(job)
    return job


@contextlib.contextmanager
def _cancelled_if_given_up(queue: Queue, job: Job) -> Iterator[None]:
    """A job that nobody waits for any more would still bring a worker about."""
    try:
        yield
    except (CanaryFailed, Cancelled):
        with contextlib.suppress(RunPodError, Cancelled):  # why it is given up is said already
            queue.cancel(job)
        raise


def _is_by_old_worker(runpod: RunPod, endpoint: Endpoint, job: Job) -> bool:
    workers = runpod.endpoints.workers(endpoint.id).workers
    return any(worker.id == job.worker_id and worker.is_stale for worker in workers)


def _reason(job: Job) -> str:
    """What the worker says: greenroom's own errors are JSON, others are anything."""
    said = job.error if job.error is not None else job.output
    if isinstance(said, str):
        try:
            said = json.loads(said)
        except ValueError:
            return said[:300] or "no reason is given"
    if isinstance(said, dict):
        return str(said.get("message") or said.get("error_message") or said.get("error") or "no reason is given")[:300]
    return "no reason is given"


def _prove_balancer(
    runpod: RunPod, endpoint: Endpoint, inputs: Mapping[str, Any], attempt: Attempt, pace: Pace
) -> None:
    """inputs: ``{"path": "/v1/...", "body": {...}}``."""
    balancer = Balancer(runpod.transport, endpoint)
    began = pace.clock()
    illness = Illness(pace)
    while not _answers(balancer):
        workers = runpod.endpoints.workers(endpoint.id).workers
        if illness.lasts(are_ill(workers)):
            tell_log(runpod, endpoint.id, workers, attempt)
            raise CanaryFailed("no worker becomes healthy", mend=READ_LOG)
        seconds = pace.clock() - began
        attempt.step("waiting for a ready worker", seconds, pace.canary)
        if seconds >= pace.canary:
            raise CanaryFailed(f"no worker is ready after {pace.canary:.0f} s", mend="give a longer --canary-s")
        pace.pause(attempt.stop, pace.look)
    if path := inputs.get("path"):
        try:
            balancer.post(str(path), inputs.get("body"))
        except RunPodError as error:
            raise CanaryFailed(f"the canary request failed: {error.message}", mend="mend the image") from error
    attempt.say("a worker is ready, and answers")


def _answers(balancer: Balancer) -> bool:
    """A balancer that cannot say so now says no: while workers start it answers with what it has."""
    try:
        return balancer.ping()
    except RunPodError as error:
        if not error.retryable:
            raise
        return False
