"""How tests ask a server for jobs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.serve.servers import MODELS

if TYPE_CHECKING:
    import httpx

NOOP, SLEEPER, BROKEN = (f"{MODELS}:{name}" for name in ("Noop", "Sleeper", "Broken"))
# Longer than any test; it ends when it is told to.
SLOW = {"steps": 3000, "step_s": 0.02}


def post_job(http: httpx.Client, model: str = NOOP, inputs: Any = None, **said: Any) -> dict[str, Any]:
    """Ask for a job; fails unless it is accepted."""
    answer = http.post("/v1/jobs", json={"model": model, "input": inputs or {}, **said})
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


def until(http: httpx.Client, job_id: str, *statuses: str, seconds: float = 15.0) -> dict[str, Any]:
    """Wait until a job is in one of these states; in an end if none is named."""
    wanted = statuses or ("succeeded", "failed", "cancelled", "timed_out")
    end = time.monotonic() + seconds
    while True:
        job: dict[str, Any] = http.get(f"/v1/jobs/{job_id}").json()
        if job["status"] in wanted:
            return job
        assert time.monotonic() < end, job
        time.sleep(0.02)


def events_of(http: httpx.Client, job_id: str, after: int | None = None) -> list[dict[str, str]]:
    """The events of a job to its end, each as its fields."""
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    found: list[dict[str, str]] = []
    with http.stream("GET", f"/v1/jobs/{job_id}/events", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for block in "".join(answer.iter_text()).split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
            if fields:
                found.append(fields)
    return found
