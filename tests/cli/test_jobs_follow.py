"""``greenroom jobs follow`` while its server goes and comes back."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from greenroom.cli.jobs import Client, Patience, ServerRefused, ServerUnreachable
from greenroom.settings import Settings
from tests.serve.routes.asking import post_job, until
from tests.serve.servers import MODELS, start_server


def test_a_job_is_followed_over_a_restart_of_its_server(tmp_path: Path) -> None:
    server = start_server(tmp_path, "Party")
    with server.client() as client:
        # It holds on until it is let go, however long the follower takes to start.
        job_id = post_job(client, f"{MODELS}:Party", {"then": "hold"}, max_attempts=3)["id"]
        until(client, job_id, "running")
        follow = subprocess.Popen(
            [sys.executable, "-m", "greenroom", "jobs", "follow", job_id, "--server", server.url],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env={**os.environ},
        )  # fmt: skip
        assert follow.stderr is not None
        first = [follow.stderr.readline(), follow.stderr.readline()]
    server.kill()
    (tmp_path / "marks" / "open").touch()
    again = start_server(tmp_path, "Party", arguments=("--port", str(server.port)))
    try:
        out, err = follow.communicate(timeout=120)
    finally:
        follow.kill()
        again.stop()
    assert follow.returncode == 0, err
    assert "succeeded" in out
    lines = [*first, *err.splitlines()]
    assert sum("connection to the server was lost" in line for line in lines) == 1
    kinds = [line.split()[1] for line in lines if "lost" not in line]
    assert kinds == ["queued", "started", "requeued", "started", "succeeded"]


@dataclass
class Stand:
    """A server that goes away. answers: a status and events for each request to come; then 503.  asked: from where."""

    url: str = ""
    answers: list[tuple[int, list[tuple[int, str]]]] = field(default_factory=list)
    asked: list[str | None] = field(default_factory=list)

    def client(self) -> Client:
        return Client(Settings(server=self.url))

    def follow(self, said: list[str]) -> list[str]:
        with self.client() as client:
            return [kind for kind, _ in client.events("job_1", Patience(said.append))]


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    found = Stand()

    class Answering(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.headers["Last-Event-ID"])
            status, events = found.answers.pop(0) if found.answers else (503, [])
            self.send_response(status)
            self.end_headers()
            for number, kind in events:
                data = json.dumps({"number": number, "kind": kind})
                self.wfile.write(f"id: {number}\nevent: {kind}\ndata: {data}\n\n".encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as its base has it
            """Tests are silent."""

    monkeypatch.setattr("greenroom.cli.jobs._PAUSE_S", 0.01)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


class Clock:
    """Goes on while somebody sleeps."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_each_event_is_told_once_and_the_loss_once(stand: Stand) -> None:
    stand.answers = [
        (200, [(1, "queued"), (2, "started")]), (503, []), (502, []), (200, []), (200, [(3, "requeued")]),
        (200, [(4, "started"), (5, "failed"), (6, "queued"), (7, "started"), (8, "succeeded")]),
    ]  # fmt: skip
    said: list[str] = []
    assert stand.follow(said) == [
        "queued", "started", "requeued", "started", "failed", "queued", "started", "succeeded",
    ]  # fmt: skip
    assert stand.asked == ["0", "2", "2", "2", "2", "3"]
    assert len(said) == 1


def test_patience_has_an_end(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr("greenroom.cli.jobs.time", clock)
    monkeypatch.setattr("greenroom.cli.jobs._PATIENCE_S", 0.3)
    stand.answers = [(200, [(1, "queued")])]
    with pytest.raises(ServerRefused, match="503"):
        stand.follow([])
    assert clock.now == pytest.approx(0.3, abs=0.011)


def test_there_is_none_for_who_was_never_there_nor_for_a_job_that_is_gone(stand: Stand) -> None:
    with pytest.raises(ServerRefused, match="503"):
        stand.follow([])
    stand.answers = [(200, [(1, "queued")]), (404, [])]
    with pytest.raises(ServerRefused, match="404"):
        stand.follow([])
    assert len(stand.asked) == 3
    stand.url = "http://127.0.0.1:1"
    with pytest.raises(ServerUnreachable):
        stand.follow([])
