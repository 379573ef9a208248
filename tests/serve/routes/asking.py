"""How tests ask a server for jobs."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from typing import TYPE_CHECKING, Any

from tests.serve.servers import MODELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx

    from tests.serve.servers import RunningServer

# Long for a loaded machine; nothing waits so long that works.
PATIENCE_S = 60.0

NOOP, SLEEPER, BROKEN = (f"{MODELS}:{name}" for name in ("Noop", "Sleeper", "Broken"))
# Longer than any test; it ends when it is told to.
SLOW = {"steps": 100_000, "step_s": 0.02}
# The same, until the mark is there.
HELD = {**SLOW, "to_mark": True}


def post_job(http: httpx.Client, model: str = NOOP, inputs: Any = None, **said: Any) -> dict[str, Any]:
    """Ask for a job; fails unless it is accepted."""
    answer = http.post("/v1/jobs", json={"model": model, "input": inputs or {}, **said})
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


def until(http: httpx.Client, job_id: str, *statuses: str, seconds: float = PATIENCE_S) -> dict[str, Any]:
    """Wait until a job is in one of these states; in an end if none is named."""
    wanted = statuses or ("succeeded", "failed", "cancelled", "timed_out")
    end = time.monotonic() + seconds
    while True:
        job: dict[str, Any] = http.get(f"/v1/jobs/{job_id}").json()
        if job["status"] in wanted:
            return job
        assert time.monotonic() < end, job
        time.sleep(0.02)


def sent(http: httpx.Client, path: Path) -> str:
    """The id of a file that is uploaded."""
    with path.open("rb") as file:
        return str(http.post("/v1/uploads", files={"file": file}).json()["id"])


def eventually(holds: Callable[[], object], what: str) -> None:
    """Wait until something holds; fails when it does not in time."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, f"in vain: {what}"
        time.sleep(0.02)


def until_at_work(http: httpx.Client, job_id: str, stage: str = "sleeping") -> dict[str, Any]:
    """Wait until a job's model has said that it is at a stage: the device has it, and it is not only asked for."""
    job: dict[str, Any] = {}

    def at_work() -> bool:
        nonlocal job
        job = http.get(f"/v1/jobs/{job_id}").json()
        return (job["progress"] or {}).get("stage") == stage

    eventually(at_work, f"{job_id} at {stage}")
    return job


@contextlib.contextmanager
def asking(server: RunningServer, path: str, body: Any, key: str = "") -> Iterator[None]:
    """Ask for something and wait for no answer: whoever asked leaves at the end of the block."""
    sent = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(sent)}\r\n" + (f"Authorization: Bearer {key}\r\n" if key else "") + "\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as connection:
        connection.sendall(head.encode() + sent)
        yield


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


def told(http: httpx.Client, job_id: str) -> list[dict[str, Any]]:
    """What the events of a job say, to its end."""
    return [json.loads(event["data"]) for event in events_of(http, job_id)]


def kinds_of(server: RunningServer, job_id: str) -> list[str]:
    """What the events of a job are called, to its end."""
    with server.client() as http:
        return [event["event"] for event in events_of(http, job_id)]
