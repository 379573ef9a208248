"""A real server whose worker does four requests at once: they overlap, and each has one result, whatever happens."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.serve.routes.asking import kinds_of
from tests.serve.servers import MODELS, RunningServer, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTY, NOOP = f"{MODELS}:Party", f"{MODELS}:Noop"


@pytest.fixture(scope="module")
def hosting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server of the model Party, which does four requests at once, and of one that does one."""
    with running_server(tmp_path_factory.mktemp("party"), "Party", "Noop") as server:
        yield server


@pytest.fixture
def server(hosting: RunningServer) -> RunningServer:
    """That server, with the door shut: who holds waits."""
    (hosting.folder / "marks" / "open").unlink(missing_ok=True)
    return hosting


def _let_go(server: RunningServer) -> None:
    (server.folder / "marks" / "open").touch()


def _generate(server: RunningServer, label: str, **inputs: object) -> dict[str, Any]:
    headers = {"Accept": "application/json"}
    asked = {"label": label, **inputs}
    with server.client() as http:
        answer = http.post(f"/v1/models/{PARTY}/generate", json=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    output: dict[str, Any] = answer.json()["output"]
    return output


def _accept(server: RunningServer, model: str = PARTY, **inputs: object) -> str:
    with server.client() as http:
        answer = http.post("/v1/jobs", json={"model": model, "input": inputs})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def _job(server: RunningServer, job_id: str) -> dict[str, Any]:
    with server.client() as http:
        job: dict[str, Any] = http.get(f"/v1/jobs/{job_id}").json()
    return job


def _until(server: RunningServer, job_id: str, status: str) -> dict[str, Any]:
    end = time.monotonic() + 60
    while (job := _job(server, job_id))["status"] != status:
        assert time.monotonic() < end, (job, server.log()[-3000:])
        time.sleep(0.02)
    return job


def _until_held(server: RunningServer, *job_ids: str) -> None:
    """Wait until these jobs are inside the model."""
    end = time.monotonic() + 60
    while not all((_job(server, job_id)["progress"] or {}).get("stage") == "holding" for job_id in job_ids):
        assert time.monotonic() < end, server.log()[-3000:]
        time.sleep(0.02)


def test_requests_of_the_moment_overlap(server: RunningServer) -> None:
    with ThreadPoolExecutor(4) as clients:
        made = list(clients.map(lambda label: _generate(server, label, guests=4), "abcd"))
    assert [(each["label"], each["met"]) for each in made] == [(label, 4) for label in "abcd"]
    assert len({each["thread"] for each in made}) == 4


def test_jobs_overlap_and_metrics_say_so(server: RunningServer) -> None:
    ids = [_accept(server, then="hold", label=label) for label in "abcdef"]
    _until_held(server, *ids[:4])
    assert [_job(server, job_id)["status"] for job_id in ids] == ["running"] * 4 + ["queued"] * 2
    with server.client() as http:
        metrics = http.get("/metrics").text
    assert f'greenroom_in_flight_requests{{model="{PARTY}"}} 4.0' in metrics
    assert f'greenroom_free_places{{model="{PARTY}"}} 0.0' in metrics
    assert f'greenroom_running_jobs{{model="{PARTY}"}} 4.0' in metrics
    _let_go(server)
    for label, job_id in zip("abcdef", ids, strict=True):
        assert _until(server, job_id, "succeeded")["output"]["label"] == label


def test_one_of_four_is_cancelled_and_the_others_have_their_results(server: RunningServer) -> None:
    ids = [_accept(server, guests=4, then="hold", label=label) for label in "abcd"]
    _until_held(server, *ids)
    with server.client() as http:
        http.post(f"/v1/jobs/{ids[1]}/cancel")
    _until(server, ids[1], "cancelled")
    late = _accept(server, guests=4, label="late")
    assert _until(server, late, "succeeded")["output"]["met"] == 4
    _let_go(server)
    for label, job_id in (("a", ids[0]), ("c", ids[2]), ("d", ids[3])):
        job = _until(server, job_id, "succeeded")
        assert (job["output"]["label"], job["attempts"]) == (label, 1)
        (artifact,) = job["artifacts"]
        with server.client() as http:
            assert http.get(artifact["url"]).text == label


def test_a_killed_worker_costs_none_of_its_jobs_an_attempt_and_each_has_one_result(server: RunningServer) -> None:
    ids = [_accept(server, guests=2, patience_s=0.3, then="hold", label=label) for label in "abcd"]
    _until_held(server, *ids)
    server.worker.kill()
    _let_go(server)
    for label, job_id in zip("abcd", ids, strict=True):
        job = _until(server, job_id, "succeeded")
        # It did not find the second. Nobody knows which of them it was, so each is alone the next time.
        assert (job["output"]["label"], job["output"]["met"], job["attempts"]) == (label, 1, 1)
        kinds = kinds_of(server, job_id)
        assert (kinds.count("requeued"), kinds.count("succeeded")) == (1, 1)


def test_jobs_of_another_model_have_their_turn(server: RunningServer) -> None:
    """Requests that follow each other would otherwise never leave the device free."""
    held = _accept(server, then="hold", label="held")
    _until_held(server, held)
    other = _accept(server, NOOP, text="other")
    _until(server, other, "running")
    later = _accept(server, label="later")
    time.sleep(0.2)  # to have been begun, were it that one's turn
    assert _job(server, later)["status"] == "queued"
    _let_go(server)
    for job_id in (held, other, later):
        _until(server, job_id, "succeeded")
