"""How many jobs a second a RunPod worker does, by how many it takes at once, against an imitation of the platform.

    PYTHONPATH=.:benchmarks python benchmarks/serve/runpod.py > benchmarks/results/runpod.json

Prints one JSON. The model sleeps, so what a job takes beyond that is the SDK's and ours. A row without a number of jobs
at once is the worker's own choice.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from machine import machine
from tests.serve.runpod.platform import Platform, wait_for
from tests.serve.runpod.worker import Worker

AT_ONCE = (1, 2, 3, 5, 8, None)


def measure(at_once: int | None, jobs: int, seconds: float) -> dict[str, Any]:
    """One worker with a full queue: from its start to its first request for jobs, and from job to job."""
    more = {} if at_once is None else {"GREENROOM_RUNPOD_CONCURRENCY": str(at_once)}
    with tempfile.TemporaryDirectory() as folder, Platform(poll_s=0.5) as platform:
        queued = [platform.run({"steps": 1, "step_s": seconds}) for _ in range(jobs)]
        began = time.monotonic()
        with Worker(platform, "Sleeper", Path(folder), **more):
            wait_for(lambda: platform.takes, 60)
            ready_s = time.monotonic() - began
            wait_for(lambda: all(job.final for job in queued), 60 + jobs * (seconds + 2))
    assert {job.status for job in queued} == {"COMPLETED"}
    spent = max(job.done_at for job in queued) - min(job.taken_at for job in queued)
    return {
        "at_once": at_once,
        "job_s": seconds,
        "s_per_job": round(spent / jobs, 3),
        "jobs_per_s": round(jobs / spent, 2),
        "start_to_first_take_s": round(ready_s, 2),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--jobs", type=int, default=24)
    jobs = parser.parse_args().jobs
    rows = [measure(at_once, jobs, 0.3) for at_once in AT_ONCE]
    rows += [measure(at_once, jobs // 4, 1.3) for at_once in (1, 5, None)]
    json.dump({"machine": machine("greenroom", "runpod", "aiohttp"), "jobs": jobs, "rows": rows}, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
