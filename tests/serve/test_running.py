"""The end of a server: at once nothing more begins, and all of it takes the grace once."""

from __future__ import annotations

import contextlib
import signal
import socket
import sqlite3
import time
from pathlib import Path

from tests.serve.routes.asking import SLEEPER, post_job, until
from tests.serve.servers import start_server

GRACE_S = 4
HALF = b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"


def test_after_a_signal_no_job_begins_and_the_grace_is_shared(tmp_path: Path) -> None:
    server = start_server(tmp_path, "Sleeper", env={"GREENROOM_STOP_GRACE_S": str(GRACE_S)})
    try:
        with server.client() as http, socket.create_connection(("127.0.0.1", server.port)) as half_sent:
            half_sent.sendall(HALF)
            # Ends well within the grace, which the half request keeps open.
            running = post_job(http, SLEEPER, {"steps": 50, "step_s": 0.05})["id"]
            until(http, running, "running")
            waiting = [post_job(http, SLEEPER, {"steps": 2, "step_s": 0.05})["id"] for _ in range(4)]
            assert http.get(f"/v1/jobs/{running}").json()["status"] == "running"
            begun = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(GRACE_S + 20)
            took = time.monotonic() - begun
    finally:
        server.stop()
    assert GRACE_S - 1 < took < GRACE_S + 4
    with contextlib.closing(sqlite3.connect(server.data / "jobs.sqlite")) as database:
        found = {job: (status, attempts) for job, status, attempts in database.execute(
            "SELECT id, status, attempts FROM greenroom_jobs"
        )}  # fmt: skip
    assert found == {running: ("succeeded", 1), **dict.fromkeys(waiting, ("queued", 0))}


def test_what_does_not_end_in_the_grace_has_no_second_one(tmp_path: Path) -> None:
    """Connections, jobs and workers had one each."""
    server = start_server(tmp_path, "Sleeper", env={"GREENROOM_STOP_GRACE_S": str(GRACE_S)})
    try:
        with server.client() as http, socket.create_connection(("127.0.0.1", server.port)) as half_sent:
            half_sent.sendall(HALF)
            job_id = post_job(http, SLEEPER, {"steps": 3000, "step_s": 0.02})["id"]
            until(http, job_id, "running")
            begun = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(3 * GRACE_S + 20)
            took = time.monotonic() - begun
    finally:
        server.stop()
    assert took < 2 * GRACE_S
    with contextlib.closing(sqlite3.connect(server.data / "jobs.sqlite")) as database:
        assert database.execute("SELECT status FROM greenroom_jobs WHERE id = ?", (job_id,)).fetchone() == ("queued",)
