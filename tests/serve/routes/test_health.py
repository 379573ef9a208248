"""Alive, ready, counted; and what every answer carries."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from tests.serve.routes.asking import BROKEN, NOOP, eventually, post_job, until
from tests.serve.servers import MODELS, RunningServer, start_server


def test_ready_is_warm_and_says_so(http: httpx.Client) -> None:
    assert http.get("/livez").json() == {"status": "alive"}
    said = http.get("/readyz").json()
    assert (said["status"], said["not_ready"], said["database"]) == ("ready", {}, "ok")
    assert {model["state"] for model in said["models"]} == {"ready"}


def test_until_it_is_warm_it_says_what_it_waits_for(tmp_path: Path) -> None:
    server = start_server(tmp_path, "Noop", "Gated", ready=False)
    try:
        with server.client() as http:
            early = http.get("/readyz")
            assert early.status_code == 503
            assert early.json()["status"] == "not ready"
            assert f"{MODELS}:Gated" in early.json()["not_ready"]
            assert http.get("/livez").status_code == 200
            (tmp_path / "marks" / "open").touch()
            server.wait_ready()
            assert http.get("/readyz").json()["not_ready"] == {}
    finally:
        server.stop()


def test_a_model_that_does_not_load_is_named_with_its_reason(tmp_path: Path) -> None:
    server = start_server(tmp_path, "Noop", "BadLoad", ready=False)
    bad = f"{MODELS}:BadLoad"
    try:
        with server.client() as http:
            eventually(lambda: "weights" in http.get("/readyz").json()["not_ready"].get(bad, ""), "why it is not ready")
            assert http.get("/readyz").status_code == 503
            assert http.get(f"/v1/models/{bad}").json()["reason"]
            answer = http.post(f"/v1/models/{bad}/generate", json={})
            assert (answer.status_code, answer.json()["code"]) == (503, "model-unready")
            assert int(answer.headers["retry-after"]) > 0
            # The others serve on.
            assert http.post(f"/v1/models/{NOOP}/generate", json={"text": "a"}).status_code == 200
    finally:
        server.stop()


def test_what_happens_is_counted(http: httpx.Client) -> None:
    def value(name: str) -> float:
        found = re.search(rf"^{re.escape(name)} (\S+)$", http.get("/metrics").text, re.MULTILINE)
        return float(found.group(1)) if found else 0.0

    # No other test has jobs of this model: one of theirs might be counted only now.
    streamer = f"{MODELS}:Streamer"
    jobs = f'greenroom_jobs_finished_total{{model="{streamer}",status="succeeded"}}'
    until(http, post_job(http, streamer, {"chunks": 1})["id"])
    eventually(lambda: value(jobs) == 1, "an end is counted")  # behind the end itself
    text = http.get("/metrics").text
    for name in (
        "queue_depth_jobs", "queue_oldest_age_seconds", "worker_restarts_total", "out_of_memory_total",
        "webhook_failures_total", "stage_duration_seconds", "device_memory_used_bytes",
    ):  # fmt: skip
        assert f"# HELP greenroom_{name} " in text, name
    assert not re.search(r"job_[0-9a-f]{8}", text)
    assert "/v1/jobs/{job_id}" in text


def test_each_answer_has_an_id_that_its_log_has(http: httpx.Client, live: RunningServer) -> None:
    given = http.get("/livez", headers={"X-Request-ID": "my-request.1"})
    assert given.headers["x-request-id"] == "my-request.1"
    made = http.get("/livez", headers={"X-Request-ID": "no\tgood"}).headers["x-request-id"]
    assert re.fullmatch(r"req_[0-9a-f]{24}", made)
    failed = http.post(f"/v1/models/{BROKEN}/generate", json={"text": "x"}, headers={"X-Request-ID": "broken-one"})
    assert failed.json()["instance"] == "urn:greenroom:request:broken-one"
    assert "broken-one" in live.log()


@pytest.mark.parametrize("path", ["/livez", "/v1/jobs", "/nowhere", "/openapi.json", "/"])
def test_each_answer_keeps_browsers_safe(http: httpx.Client, path: str) -> None:
    headers = http.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in headers
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nowhere"), ("GET", "/v1/jobs/job_none"), ("PUT", "/v1/jobs"), ("GET", "/v1/jobs/job_none/events"),
        ("POST", "/v1/jobs"), ("GET", "/v1/models/../../etc/passwd"), ("GET", "/page/..%2f..%2fkeys.py"),
        ("GET", "/v1/jobs?limit=x"), ("POST", f"/v1/models/{BROKEN}/generate"), ("GET", "/v1/uploads/none"),
    ],
)  # fmt: skip
def test_no_error_names_a_file_or_shows_code(http: httpx.Client, method: str, path: str) -> None:
    answer = http.request(method, path, json={"text": "x"} if method == "POST" else None)
    assert answer.is_error
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert {"type", "title", "status", "detail", "code", "mend", "instance"} <= said.keys()
    assert said["status"] == answer.status_code
    assert said["detail"]
    for word in ("Traceback", 'File "', "/src/", "site-packages", "/secret", str(Path(__file__).parents[3])):
        assert word not in answer.text


def test_a_path_says_all_that_it_takes(http: httpx.Client) -> None:
    assert http.put("/v1/jobs/job_1").headers["allow"] == "DELETE, GET"
    assert http.delete("/v1/videos").headers["allow"] == "GET, POST"
    assert http.patch("/v2/x/run").headers["allow"] == "POST"
