"""A real server, its worker, or both are killed while they work; a job is never lost, and never has two results."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serve.routes.asking import HELD, kinds_of, until_at_work
from tests.serve.servers import MODELS, RunningServer, running_server, start_server


class Machine:
    """Where one server runs at a time, the next one with the folder of the last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: RunningServer | None = None

    def server(self, **env: str) -> RunningServer:
        """The one that runs; where none does, or another environment is wanted, the next one."""
        if env:
            self.stop()
        if self._server is None or self._server.process.exit_code is not None:
            self._server = start_server(self._folder, "Sleeper", "Crasher", "Stubborn", "Noop", env=env)
        return self._server

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """For tests that each leave it without jobs, whatever they did to its server."""
    here = Machine(tmp_path_factory.mktemp("machine"))
    yield here
    here.stop()


def _accept(server: RunningServer, model: str, **inputs: object) -> str:
    with server.client() as http:
        answer = http.post("/v1/jobs", json={"model": f"{MODELS}:{model}", "input": inputs})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def _job(server: RunningServer, job_id: str) -> dict[str, Any]:
    with server.client() as http:
        answer = http.get(f"/v1/jobs/{job_id}")
    assert answer.status_code == 200, answer.text
    job: dict[str, Any] = answer.json()
    return job


def _held(server: RunningServer) -> str:
    """A job that runs until the server's mark is there, in the midst of its work."""
    server.mark.unlink(missing_ok=True)
    job_id = _accept(server, "Sleeper", **HELD)
    _at_work(server, job_id)
    return job_id


def _at_work(server: RunningServer, job_id: str, stage: str = "sleeping") -> None:
    with server.client() as http:
        until_at_work(http, job_id, stage)


def _until(server: RunningServer, job_id: str, *statuses: str, seconds: float = 60) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while (job := _job(server, job_id))["status"] not in statuses:
        assert time.monotonic() < end, (job, server.log()[-3000:])
        time.sleep(0.05)
    return job


def _cancel(server: RunningServer, job_id: str) -> dict[str, Any]:
    with server.client() as http:
        job: dict[str, Any] = http.post(f"/v1/jobs/{job_id}/cancel").json()
    return job


def _restarts(server: RunningServer) -> float:
    counted = 'greenroom_worker_restarts_total{device="cpu"} '
    with server.client() as http:
        lines = http.get("/metrics").text.splitlines()
    return sum(float(line.removeprefix(counted)) for line in lines if line.startswith(counted))


def test_a_killed_worker_costs_an_attempt_and_nothing_else(machine: Machine) -> None:
    """The server lives, the worker comes back, the job is run again, and one that waited is run as well."""
    server = machine.server()
    before = _restarts(server)
    job_id = _held(server)
    waiting = _accept(server, "Sleeper", steps=1, label="waited")
    lost = server.worker
    lost.send_signal(signal.SIGKILL)
    server.mark.touch()
    done = _until(server, job_id, "succeeded")
    assert done["attempts"] == 2
    assert _until(server, waiting, "succeeded")["attempts"] == 1
    assert kinds_of(server, job_id).count("requeued") == 1
    assert not lost.is_running()
    assert _restarts(server) == before + 1


def test_a_killed_server_takes_its_worker_along_and_its_jobs_go_on(machine: Machine) -> None:
    """The next server finishes what ran and what waited; the worker of the first is gone."""
    server = machine.server()
    running_id = _held(server)
    waiting_id = _accept(server, "Sleeper", steps=1)
    worker = server.worker
    server.kill()
    worker.wait(60)
    server = machine.server()
    server.mark.touch()
    for job_id in (running_id, waiting_id):
        _until(server, job_id, "succeeded")
        kinds = kinds_of(server, job_id)
        assert kinds.count("succeeded") == 1
        assert kinds[0] == "queued"
    assert _job(server, running_id)["attempts"] == 2


def test_both_killed_at_once(machine: Machine) -> None:
    """A machine that is switched off."""
    server = machine.server()
    job_id = _held(server)
    worker = server.worker
    os.kill(worker.pid, signal.SIGKILL)
    server.kill()
    server.mark.touch()
    assert _until(machine.server(), job_id, "succeeded")["attempts"] == 2


def test_a_server_told_to_stop_gives_its_job_back_without_counting(machine: Machine) -> None:
    """SIGTERM is no fault of the job's; the exit code says that all is well."""
    server = machine.server(GREENROOM_STOP_GRACE_S="0.5")
    job_id = _held(server)
    assert server.stop() == 0, server.log()[-2000:]
    server.mark.touch()
    assert _until(machine.server(), job_id, "succeeded")["attempts"] == 1


def test_a_stubborn_model_is_killed_and_its_job_is_cancelled(machine: Machine) -> None:
    """Cancel frees the device even from work that never looks."""
    server = machine.server()
    job_id = _accept(server, "Stubborn", seconds=600)
    _at_work(server, job_id, "deaf")
    _cancel(server, job_id)
    assert _until(server, job_id, "cancelled")["attempts"] == 1
    after = _accept(server, "Noop")
    _until(server, after, "succeeded")


def test_a_cancel_reaches_a_job_of_another_server(machine: Machine, tmp_path: Path) -> None:
    """Whoever is asked, whoever runs it."""
    first = machine.server()
    job_id = _held(first)
    with running_server(tmp_path, "Sleeper", env={"GREENROOM_DATA": str(first.data)}) as second:
        assert _cancel(second, job_id)["cancel_requested"]
        _until(second, job_id, "cancelled")
        after = _accept(first, "Sleeper", steps=1)
        _until(first, after, "succeeded")


def test_two_servers_on_one_sqlite(machine: Machine, tmp_path: Path) -> None:
    """They share the queue; when one is killed the other takes its job at once."""
    first = machine.server()
    second = start_server(tmp_path, "Sleeper", env={"GREENROOM_DATA": str(first.data)})
    try:
        ids = [_held(first) for _ in range(2)]
        second.kill()
        first.mark.touch()
        for job_id in ids:
            _until(first, job_id, "succeeded")
            assert kinds_of(first, job_id).count("succeeded") == 1
        assert sorted(_job(first, job_id)["attempts"] for job_id in ids) == [1, 2]
    finally:
        second.stop()


def test_a_job_that_kills_its_worker_each_time_is_given_up(machine: Machine) -> None:
    """With a reason that says so, and the server serves on."""
    server = machine.server()
    job_id = _accept(server, "Crasher", times=99)
    job = _until(server, job_id, "failed", seconds=120)
    assert job["attempts"] == 3
    assert job["error"]["code"] == "worker-crashed"
    after = _accept(server, "Noop", text="still here")
    assert _until(server, after, "succeeded")["output"] == {"echo": {"text": "still here"}}
