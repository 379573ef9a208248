"""RunPod's own client, unchanged, against our server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serve.routes.asking import HELD, SLOW, asking, eventually, until, until_at_work
from tests.serve.servers import MODELS, RunningServer, running_server

# Its import takes two seconds: this file alone does it.

NOOP, SLEEPER, BROKEN = (f"{MODELS}:{name}" for name in ("Noop", "Sleeper", "Broken"))


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    env = {"GREENROOM_API_KEY": "words of ours"}
    with running_server(tmp_path_factory.mktemp("runpod"), "Noop", "Sleeper", "Broken", env=env) as server:
        yield server


@pytest.fixture
def runpod(at: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    import runpod

    monkeypatch.setattr(runpod, "endpoint_url_base", f"{at.url}/v2")
    monkeypatch.setattr(runpod, "api_key", "words of ours")
    return runpod


@pytest.fixture
def mark(at: RunningServer) -> Iterator[Path]:
    """What lets those end that are held; it is not there yet."""
    at.mark.unlink(missing_ok=True)
    yield at.mark
    at.mark.touch()


@pytest.fixture
def http(at: RunningServer) -> Iterator[httpx.Client]:
    with at.client("words of ours") as client:
        yield client


def status_is(job: Any, wanted: str) -> None:
    eventually(lambda: job.status() == wanted, wanted)


def test_a_request_is_run_and_waited_for(runpod: Any) -> None:
    output = runpod.Endpoint(NOOP).run_sync({"input": {"text": "hello"}})
    assert output == {"echo": {"text": "hello"}, "files": []}
    assert runpod.Endpoint(NOOP).run_sync({"text": "bare"})["echo"] == {"text": "bare"}


def test_a_job_is_run_and_asked_for(runpod: Any) -> None:
    job = runpod.Endpoint(SLEEPER).run({"input": {"steps": 3, "label": "mine"}})
    output = job.output(timeout=60)
    assert (job.status(), output["label"]) == ("COMPLETED", "mine")
    [file] = output["files"]
    assert (file["name"], file["media_type"], file["size"]) == ("slept.txt", "text/plain", 7)


def test_a_link_of_a_result_needs_no_key(runpod: Any, at: RunningServer) -> None:
    [file] = runpod.Endpoint(SLEEPER).run_sync({"input": {"steps": 3}})["files"]
    with at.client() as anybody:
        assert anybody.get(file["url"]).text == "3 steps"


def test_a_stream_gives_what_happened_once_each_and_ends(runpod: Any, mark: Path) -> None:
    job = runpod.Endpoint(SLEEPER).run({"input": HELD})
    events = []
    for event in job.stream():
        events.append(event)
        if event["kind"] == "progress":  # it is told while the job runs
            mark.touch()
    kinds = [event["kind"] for event in events]
    assert (kinds[:2], kinds[-1]) == (["queued", "started"], "succeeded")
    assert set(kinds[2:-1]) == {"progress"}
    numbers = [event["number"] for event in events]
    assert numbers == sorted(set(numbers))


def test_a_job_that_runs_is_cancelled(runpod: Any, http: httpx.Client) -> None:
    job = runpod.Endpoint(SLEEPER).run({"input": SLOW})
    status_is(job, "IN_PROGRESS")
    assert job.cancel() == {"id": job.job_id, "status": "CANCELLED"}
    assert job.status() == "CANCELLED"
    assert job.output() is None
    assert until(http, job.job_id)["status"] == "cancelled"  # the next test counts those that run


def test_a_queue_is_purged_and_counted(runpod: Any, http: httpx.Client) -> None:
    endpoint = runpod.Endpoint(SLEEPER)
    running = endpoint.run({"input": SLOW})
    status_is(running, "IN_PROGRESS")
    waiting = [endpoint.run({"input": SLOW}) for _ in range(3)]
    counted = endpoint.health()
    assert (counted["jobs"]["inProgress"], counted["jobs"]["inQueue"]) == (1, 3)
    assert (counted["workers"]["running"], counted["workers"]["idle"]) == (1, 0)
    assert endpoint.purge_queue() == {"removed": 3, "status": "completed"}
    assert [job.status() for job in waiting] == ["CANCELLED"] * 3
    assert running.status() == "IN_PROGRESS"
    running.cancel()
    until(http, running.job_id)
    assert endpoint.health()["jobs"]["inQueue"] == 0


def test_counts_are_those_of_the_endpoint(runpod: Any) -> None:
    before = runpod.Endpoint(BROKEN).health()["jobs"]
    runpod.Endpoint(NOOP).run_sync({"input": {"text": "elsewhere"}})
    assert runpod.Endpoint(BROKEN).health()["jobs"] == before


def test_a_purge_leaves_other_endpoints_alone(runpod: Any) -> None:
    running = runpod.Endpoint(SLEEPER).run({"input": SLOW})
    status_is(running, "IN_PROGRESS")
    waiting = runpod.Endpoint(SLEEPER).run({"input": SLOW})
    assert runpod.Endpoint(NOOP).purge_queue()["removed"] == 0
    assert waiting.status() == "IN_QUEUE"
    for job in (waiting, running):
        job.cancel()


def test_a_failure_has_words_and_no_path(runpod: Any, http: httpx.Client) -> None:
    job = runpod.Endpoint(BROKEN).run({"input": {"text": "x"}})
    status_is(job, "FAILED")
    said = http.get(f"/v2/{BROKEN}/status/{job.job_id}").json()
    assert said["error"].endswith("[model-failed]")
    assert "/secret" not in said["error"]
    again = http.post(f"/v2/{BROKEN}/retry/{job.job_id}").json()
    assert again == {"id": job.job_id, "status": "IN_QUEUE"}
    status_is(runpod.endpoint.Job(BROKEN, job.job_id, runpod.Endpoint(BROKEN).rp_client), "FAILED")


def test_a_wrong_key_is_their_error(runpod: Any) -> None:
    with pytest.raises(RuntimeError, match="401 Unauthorized"):
        runpod.Endpoint(NOOP, api_key="wrong").run_sync({"input": {"text": "x"}})


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v2/nothing/run", {"input": {}}, 404),
        (f"/v2/{NOOP}/run", {"input": {"text": 7}}, 422),
        (f"/v2/{NOOP}/run", {"input": {"no": "such"}}, 422),
        (f"/v2/{NOOP}/run", {"input": "words"}, 422),
        (f"/v2/{NOOP}/run", {}, 422),
        (f"/v2/{NOOP}/run", {"input": {}, "webhook": "ftp://a.example"}, 422),
        (f"/v2/{NOOP}/run", {"input": {}, "policy": {"executionTimeout": 1}}, 422),
        (f"/v2/{NOOP}/runsync?wait=1", {"input": {}}, 422),
        (f"/v2/{NOOP}/cancel/job_none", None, 404),
        (f"/v2/{NOOP}/retry/job_none", None, 404),
        ("/v2/nothing/purge-queue", None, 404),
    ],
)
def test_what_is_wrong_has_a_status_and_words(http: httpx.Client, path: str, body: Any, status: int) -> None:
    answer = http.post(path, json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_a_job_is_at_its_own_endpoint_only(runpod: Any, http: httpx.Client) -> None:
    job = runpod.Endpoint(NOOP).run({"input": {"text": "x"}})
    for part in ("status", "stream"):
        assert http.get(f"/v2/{SLEEPER}/{part}/{job.job_id}").status_code == 404
    assert http.post(f"/v2/{SLEEPER}/cancel/{job.job_id}").status_code == 404


def test_the_root_is_the_first_model(http: httpx.Client) -> None:
    done = http.post("/runsync", json={"input": {"text": "root"}}).json()
    assert (done["status"], done["output"]["echo"]) == ("COMPLETED", {"text": "root"})
    assert done["delayTime"] >= 0
    assert done["executionTime"] >= 0
    asked = http.post("/run", json={"input": {"text": "later"}, "policy": {"lowPriority": True, "ttl": 60_000}}).json()
    assert asked["status"] == "IN_QUEUE"
    assert http.get(f"/status/{asked['id']}").json()["id"] == asked["id"]
    assert http.get(f"/stream/{asked['id']}").json()["stream"][0]["output"]["kind"] == "queued"
    assert http.post("/purge-queue").json()["status"] == "completed"
    assert http.get("/health").json()["workers"]["ready"] == 3


def test_a_wait_has_an_end(http: httpx.Client, mark: Path) -> None:
    """The job has none before the mark is there."""
    begun = time.monotonic()
    waited = http.post(f"/v2/{SLEEPER}/runsync?wait=1000", json={"input": HELD}).json()
    assert time.monotonic() - begun > 0.9
    assert waited["status"] in ("IN_QUEUE", "IN_PROGRESS")
    assert not mark.exists()
    assert http.post(f"/cancel/{waited['id']}").json()["status"] == "CANCELLED"


def test_who_leaves_a_wait_does_not_stop_the_job(at: RunningServer, http: httpx.Client, mark: Path) -> None:
    asked = {"input": {**HELD, "label": "left"}}
    with asking(at, f"/v2/{SLEEPER}/runsync", asked, "words of ours"):
        eventually(lambda: _newest(http)["input"].get("label") == "left", "the job is accepted")
        job_id = _newest(http)["id"]
        until_at_work(http, job_id)
    assert until_at_work(http, job_id)["status"] == "running"
    mark.touch()
    assert until(http, job_id)["status"] == "succeeded"
    assert http.get(f"/v2/{SLEEPER}/status/{job_id}").json()["status"] == "COMPLETED"


def _newest(http: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = http.get("/v1/jobs", params={"model": SLEEPER, "limit": 1}).json()["data"][0]
    return found
