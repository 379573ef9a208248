"""A real server, its worker, or both are killed while they work; a job is never lost, and never has two results."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Any

import httpx
import psutil

from tests.serve.servers import MODELS, RunningServer, running_server, start_server

if TYPE_CHECKING:
    from pathlib import Path


def _worker(server: RunningServer) -> psutil.Process:
    """The process of the only device."""
    (worker,) = (
        child for child in psutil.Process(server.process.pid).children() if "greenroom.serve.workers" in child.cmdline()
    )
    return worker


def _accept(server: RunningServer, model: str, **inputs: object) -> str:
    answer = httpx.post(f"{server.url}/v1/jobs", json={"model": f"{MODELS}:{model}", "input": inputs})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def _job(server: RunningServer, job_id: str) -> dict[str, Any]:
    answer = httpx.get(f"{server.url}/v1/jobs/{job_id}")
    assert answer.status_code == 200, answer.text
    job: dict[str, Any] = answer.json()
    return job


def _until(server: RunningServer, job_id: str, *statuses: str, seconds: float = 30) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while (job := _job(server, job_id))["status"] not in statuses:
        assert time.monotonic() < end, (job, server.log()[-3000:])
        time.sleep(0.05)
    return job


def _kinds(server: RunningServer, job_id: str) -> list[str]:
    with httpx.stream("GET", f"{server.url}/v1/jobs/{job_id}/events", timeout=30) as answer:
        return [line.removeprefix("event: ") for line in answer.iter_lines() if line.startswith("event: ")]


def test_a_killed_worker_costs_an_attempt_and_nothing_else(tmp_path: Path) -> None:
    """The server lives, the worker comes back, the job is run again, and one that waited is run as well."""
    with running_server(tmp_path, "Sleeper") as server:
        job_id = _accept(server, "Sleeper", steps=40, step_s=0.05)
        waiting = _accept(server, "Sleeper", steps=1, label="waited")
        _until(server, job_id, "running")
        lost = _worker(server)
        lost.send_signal(signal.SIGKILL)
        done = _until(server, job_id, "succeeded")
        assert done["attempts"] == 2
        assert _until(server, waiting, "succeeded")["attempts"] == 1
        assert _kinds(server, job_id).count("requeued") == 1
        assert not lost.is_running()
        assert b'greenroom_worker_restarts_total{device="cpu"} 1.0' in httpx.get(f"{server.url}/metrics").content


def test_a_killed_server_takes_its_worker_along_and_its_jobs_go_on(tmp_path: Path) -> None:
    """The next server finishes what ran and what waited; the worker of the first is gone."""
    server = start_server(tmp_path, "Sleeper")
    running_id = _accept(server, "Sleeper", steps=60, step_s=0.05)
    waiting_id = _accept(server, "Sleeper", steps=1)
    _until(server, running_id, "running")
    worker = _worker(server)
    server.kill()
    worker.wait(10)
    with running_server(tmp_path, "Sleeper") as server:
        for job_id in (running_id, waiting_id):
            _until(server, job_id, "succeeded")
            kinds = _kinds(server, job_id)
            assert kinds.count("succeeded") == 1
            assert kinds[0] == "queued"
        assert _job(server, running_id)["attempts"] == 2


def test_both_killed_at_once(tmp_path: Path) -> None:
    """A machine that is switched off."""
    server = start_server(tmp_path, "Sleeper")
    job_id = _accept(server, "Sleeper", steps=60, step_s=0.05)
    _until(server, job_id, "running")
    worker = _worker(server)
    os.kill(worker.pid, signal.SIGKILL)
    server.kill()
    with running_server(tmp_path, "Sleeper") as server:
        assert _until(server, job_id, "succeeded")["attempts"] == 2


def test_a_server_told_to_stop_gives_its_job_back_without_counting(tmp_path: Path) -> None:
    """SIGTERM is no fault of the job's; the exit code says that all is well."""
    server = start_server(tmp_path, "Sleeper", env={"GREENROOM_STOP_GRACE_S": "0.5"})
    job_id = _accept(server, "Sleeper", steps=100, step_s=0.05)
    _until(server, job_id, "running")
    assert server.stop() == 0, server.log()[-2000:]
    with running_server(tmp_path, "Sleeper") as server:
        assert _until(server, job_id, "succeeded")["attempts"] == 1


def test_a_job_that_kills_its_worker_each_time_is_given_up(tmp_path: Path) -> None:
    """With a reason that says so, and the server serves on."""
    with running_server(tmp_path, "Crasher", "Noop") as server:
        job_id = _accept(server, "Crasher", times=99)
        job = _until(server, job_id, "failed", seconds=60)
        assert job["attempts"] == 3
        assert job["error"]["code"] == "worker-crashed"
        after = _accept(server, "Noop", text="still here")
        assert _until(server, after, "succeeded", seconds=40)["output"] == {"echo": {"text": "still here"}}


def test_two_servers_on_one_sqlite(tmp_path: Path) -> None:
    """They share the queue; when one is killed the other takes its job at once."""
    with running_server(tmp_path, "Sleeper") as first:
        second = start_server(tmp_path / "second", "Sleeper", env={"GREENROOM_DATA": str(first.data)})
        try:
            ids = [_accept(first, "Sleeper", steps=100, step_s=0.05) for _ in range(2)]
            for job_id in ids:
                _until(first, job_id, "running")
            second.kill()
            for job_id in ids:
                _until(first, job_id, "succeeded", seconds=40)
                assert _kinds(first, job_id).count("succeeded") == 1
            assert sorted(_job(first, job_id)["attempts"] for job_id in ids) == [1, 2]
        finally:
            second.stop()


def test_a_cancel_reaches_a_job_of_another_server(tmp_path: Path) -> None:
    """Whoever is asked, whoever runs it."""
    with running_server(tmp_path, "Sleeper") as first:
        job_id = _accept(first, "Sleeper", steps=1000, step_s=0.05)
        _until(first, job_id, "running")
        with running_server(tmp_path / "second", "Sleeper", env={"GREENROOM_DATA": str(first.data)}) as second:
            assert httpx.post(f"{second.url}/v1/jobs/{job_id}/cancel").json()["cancel_requested"]
            _until(second, job_id, "cancelled", seconds=5)
            after = _accept(first, "Sleeper", steps=1)
            _until(first, after, "succeeded", seconds=10)


def test_a_stubborn_model_is_killed_and_its_job_is_cancelled(tmp_path: Path) -> None:
    """Cancel frees the device even from work that never looks."""
    with running_server(tmp_path, "Stubborn", "Noop") as server:
        job_id = _accept(server, "Stubborn", seconds=600)
        _until(server, job_id, "running")
        httpx.post(f"{server.url}/v1/jobs/{job_id}/cancel")
        assert _until(server, job_id, "cancelled", seconds=30)["attempts"] == 1
        after = _accept(server, "Noop")
        _until(server, after, "succeeded", seconds=20)
