"""Who is to blame for a failure, on its way from a worker to a job; and no job says where files of the machine lie."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.serve.routes.asking import events_of, post_job, until
from tests.serve.servers import MODELS, RunningServer, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("blame"), "Elsewhere", "DiskFull", "Mute") as started:
        yield started


@pytest.fixture
def http(server: RunningServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


def test_an_attempt_that_is_not_to_blame_does_not_count(server: RunningServer, http: httpx.Client) -> None:
    job_id = post_job(http, f"{MODELS}:Elsewhere", {"times": 2}, max_attempts=1)["id"]
    job = until(http, job_id)
    assert (job["status"], job["attempts"]) == ("succeeded", 1)
    told = [event["data"] for event in events_of(http, job_id)]
    assert sum("'lock' is held by another" in said for said in told) == 2
    assert not any(str(server.folder) in said for said in told)


def test_a_full_disk_is_tried_again_and_says_so(server: RunningServer, http: httpx.Client) -> None:
    job = until(http, post_job(http, f"{MODELS}:DiskFull", {}, max_attempts=2)["id"])
    assert (job["status"], job["attempts"]) == ("failed", 2)
    assert (job["error"]["code"], job["error"]["retryable"]) == ("storage-full", True)
    assert job["error"]["message"] == f"the disk is full: {MODELS}:DiskFull could not write"
    answer = http.post(f"/v1/models/{MODELS}:DiskFull/generate", json={})
    assert (answer.status_code, answer.json()["code"]) == (507, "storage-full")


def test_a_model_that_falls_silent_does_not_hold_its_device_until_the_job_times_out(
    server: RunningServer, http: httpx.Client
) -> None:
    job_id = post_job(http, f"{MODELS}:Mute", {})["id"]
    job = until(http, job_id)
    assert (job["status"], job["attempts"]) == ("succeeded", 2)
    assert any("worker-unresponsive" in event["data"] for event in events_of(http, job_id))


def test_no_log_is_poorer_for_it(server: RunningServer) -> None:
    assert "/made/lock' is held by another" in server.log()
