"""The RunPod SDK by the few names that are used of it: no other module imports it.

It is imported inside functions: that takes more than a second, in which the model already loads.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Job = Mapping[str, Any]

_GET_JOB = "RUNPOD_WEBHOOK_GET_JOB"
_LOG_LEVELS = ("RUNPOD_LOG_LEVEL", "RUNPOD_DEBUG_LEVEL")


def on_platform() -> bool:
    """Whether the platform started this process."""
    return bool(os.environ.get(_GET_JOB))


def is_installed() -> bool:
    """Whether the SDK is there; does not import it."""
    return find_spec("runpod") is not None


def prepare() -> None:
    """Import the SDK as we want it."""
    import multiprocessing

    # At its default, DEBUG, the SDK logs whole results: users' data, and links that open them.
    if not any(os.environ.get(name) for name in _LOG_LEVELS):
        os.environ[_LOG_LEVELS[0]] = "INFO"
    # The SDK's process for pings would be a copy of this one, with a copy of every thread's locks and of the sockets
    # to the model's process; begun anew it holds none of them.
    multiprocessing.set_start_method("spawn", force=True)
    import runpod  # noqa: F401


def check_before_jobs(check: Callable[[], None]) -> None:
    """Have the SDK call ``check`` before it takes jobs; if that raises, the platform is told and the process ends."""
    from runpod.serverless import register_fitness_check

    register_fitness_check(check)


def run(config: dict[str, Any]) -> None:
    """Take and do jobs until SIGTERM, SIGINT, or a ``refresh_worker`` in the config."""
    import runpod

    # The SDK reads flags of its own from the command line, which is ours.
    sys.argv = sys.argv[:1]
    runpod.serverless.start(config)


def taken() -> int:
    """How many jobs the SDK holds, begun or not."""
    from runpod.serverless.modules.worker_state import JobsProgress

    return int(JobsProgress().get_job_count())


async def finish_leftovers(config: dict[str, Any]) -> None:
    """Do the jobs that came with the last answer of the platform, after the SDK had stopped to run any.

    The SDK waits for that answer when it ends, and leaves what is in it: such a job would be lost until the platform
    misses it.
    """
    from runpod.http_client import AsyncClientSession
    from runpod.serverless.modules.rp_job import handle_job
    from runpod.serverless.modules.worker_state import JobsProgress

    left = list(JobsProgress())
    if not left:
        return
    async with AsyncClientSession() as session:
        for job in left:
            log(f"taken while stopping: {job.id}", job.id)
            await handle_job(session, config, vars(job))


async def send_progress(job: Job, progress: Mapping[str, Any]) -> None:
    """Tell the platform where a job stands, and wait until it is told.

    As the SDK's ``progress_update`` does it, which however starts a thread for each call and gives no way to wait: its
    last update may come after the result, and takes its place.
    """
    from runpod.http_client import AsyncClientSession
    from runpod.serverless.modules.rp_http import send_result

    async with AsyncClientSession() as session:
        await send_result(session, {"status": "IN_PROGRESS", "output": dict(progress)}, job)


def log(message: str, job_id: str | None = None, *, level: str = "info") -> None:
    """A line of the worker's log, under the id of a job, in the form that the platform's console groups by."""
    from runpod.serverless.modules.rp_logger import RunPodLogger

    getattr(RunPodLogger(), level)(message, job_id)
