"""The end of a server: at once nothing more begins, and all of it takes the grace once."""

from __future__ import annotations

import contextlib
import signal
import socket
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from greenroom.serve.running import _Ending
from tests.serve.routes.asking import HELD, PATIENCE_S, SLEEPER, eventually, post_job, until_at_work
from tests.serve.servers import RunningServer, start_server

HALF = b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"


def _jobs(server: RunningServer) -> dict[str, tuple[str, int]]:
    """How the jobs stand on disk."""
    with contextlib.closing(sqlite3.connect(server.data / "jobs.sqlite")) as database:
        asked = "SELECT id, status, attempts FROM greenroom_jobs"
        return {job: (status, attempts) for job, status, attempts in database.execute(asked)}


def test_after_a_signal_no_job_begins_and_what_runs_may_end(tmp_path: Path) -> None:
    """The half request keeps the server for as long as the test wants."""
    server = start_server(tmp_path, "Sleeper", env={"GREENROOM_STOP_GRACE_S": str(10 * PATIENCE_S)})
    try:
        with server.client() as http, socket.create_connection(("127.0.0.1", server.port)) as half_sent:
            half_sent.sendall(HALF)
            running = post_job(http, SLEEPER, HELD)["id"]
            until_at_work(http, running)
            waiting = [post_job(http, SLEEPER, {"steps": 1})["id"] for _ in range(4)]
            server.process.send_signal(signal.SIGTERM)
            eventually(lambda: _refuses(server), "nobody is let in any more")
            server.mark.touch()
            eventually(lambda: _jobs(server)[running] == ("succeeded", 1), "what runs ends")
        server.process.wait(PATIENCE_S)
    finally:
        server.stop()
    assert _jobs(server) == {running: ("succeeded", 1), **dict.fromkeys(waiting, ("queued", 0))}


def _refuses(server: RunningServer) -> bool:
    try:
        socket.create_connection(("127.0.0.1", server.port)).close()
    except ConnectionRefusedError:
        return True
    return False


def test_what_does_not_end_in_the_grace_has_no_second_one(tmp_path: Path) -> None:
    """Connections, jobs and workers had one each."""
    server = start_server(tmp_path, "Sleeper", env={"GREENROOM_STOP_GRACE_S": "3"})
    try:
        with server.client() as http, socket.create_connection(("127.0.0.1", server.port)) as half_sent:
            half_sent.sendall(HALF)
            job_id = post_job(http, SLEEPER, HELD)["id"]
            until_at_work(http, job_id)
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(PATIENCE_S)
    finally:
        server.stop()
    # The connection had all of it: no more is left for the job than a second to be put back in order.
    assert "waiting up to 1 s for 1 running jobs" in server.log()
    assert _jobs(server)[job_id][0] == "queued"


def test_the_grace_begins_once_and_is_that_of_all_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    moment, stopped = [100.0], []
    monkeypatch.setattr("greenroom.serve.running.time.monotonic", lambda: moment[0])
    server: Any = SimpleNamespace(
        stopping=SimpleNamespace(set=lambda: stopped.append("stopping")),
        jobs=SimpleNamespace(claim_no_more=lambda: stopped.append("claiming")),
    )
    ending = _Ending(30.0)
    assert ending.left() == 30
    ending.begin(cast("Any", server))
    moment[0] += 20
    ending.begin(server)
    assert ending.left() == 10
    moment[0] += 20
    assert ending.left() == 1  # enough to put things in order
    assert stopped == ["stopping", "claiming"]
