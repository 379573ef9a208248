"""A release that rolls, watched to its end."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from greenroom.ship.account.logs import tell
from greenroom.ship.deploy.errors import RolloutFailed
from greenroom.ship.deploy.pace import Illness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.plan.actions import Attempt
    from greenroom.ship.deploy.pace import Pace
    from greenroom.ship.runpod.client import RunPod
    from greenroom.ship.runpod.types import Worker

READ_LOG = "read the worker's log in the report: what does the container say when it starts?"


def watch(runpod: RunPod, endpoint: str, image: str, attempt: Attempt, pace: Pace, *, least: int = 0) -> None:
    """Wait until every worker runs the newest version, and one of them is ready where there are any.

    least: workers that must be there.  Raises RolloutFailed, RunPodError, Cancelled.
    """
    began = pace.clock()
    illness = Illness(pace)
    while True:
        workers = runpod.endpoints.workers(endpoint).workers
        rollout = runpod.endpoints.releases(endpoint).rollout
        attempt.step(_stage(workers), rollout.percent_on_latest, 100)
        if rollout.is_done and _are_new(workers, image) and len(workers) >= least:
            return
        if illness.lasts(are_ill(workers)):
            tell_log(runpod, endpoint, workers, attempt)
            raise RolloutFailed(
                f"no worker with {image} becomes healthy ({_stage(workers)})",
                mend=READ_LOG,
            )
        if pace.clock() - began >= pace.rollout:
            raise RolloutFailed(
                f"after {pace.rollout:.0f} s the release has not rolled out: {_stage(workers)}", mend=_way_out(workers)
            )
        pace.pause(attempt.stop, pace.look)


def are_ill(workers: Sequence[Worker]) -> bool:
    """Whether there are new workers, and all of them are unhealthy."""
    new = [worker for worker in workers if not worker.is_stale]
    return bool(new) and all(worker.status == "UNHEALTHY" for worker in new)


def _are_new(workers: Sequence[Worker], image: str) -> bool:
    """Whether all are, by what they run as well: the platform's count may be older than the change."""
    if any(worker.is_stale or worker.image not in (None, image) for worker in workers):
        return False
    return not workers or any(worker.is_ready for worker in workers)


def _stage(workers: Sequence[Worker]) -> str:
    """``2 of 3 workers are new, 1 starts``."""
    if not workers:
        return "no worker runs"
    new = [worker for worker in workers if not worker.is_stale]
    words = {"INITIALIZING": "start", "THROTTLED": "wait for a GPU", "UNHEALTHY": "are unhealthy"}
    said = [f"{len(new)} of {len(workers)} workers are new"]
    for status, word in words.items():
        if count := sum(worker.status == status for worker in new):
            said.append(f"{count} {word}")
    if busy := sum(worker.status == "RUNNING" for worker in workers if worker.is_stale):
        said.append(f"{busy} old still work")
    return ", ".join(said)


def _way_out(workers: Sequence[Worker]) -> str:
    if any(worker.status == "THROTTLED" for worker in workers):
        return "no GPU is free: name more pools or data centres, or try again later"
    if any(worker.is_stale for worker in workers):
        return "old workers end with their jobs: give a longer --rollout-s"
    return "give a longer --rollout-s, or read the workers' logs in the console"


def tell_log(runpod: RunPod, endpoint: str, workers: Sequence[Worker], attempt: Attempt) -> None:
    """The last lines of an unhealthy worker."""
    worker = next((worker for worker in workers if worker.status == "UNHEALTHY"), None)
    if worker is not None:
        tell(partial(runpod.endpoints.worker_logs, endpoint, worker.id), worker.id, attempt)
