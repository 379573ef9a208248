"""Jobs over HTTP."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serve.routes.asking import (
    BROKEN,
    HELD,
    NOOP,
    SLEEPER,
    SLOW,
    events_of,
    eventually,
    post_job,
    until,
    until_at_work,
)
from tests.serve.servers import MODELS

WHEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_a_job_is_accepted_run_and_shown(http: httpx.Client) -> None:
    answer = http.post("/v1/jobs", json={"model": NOOP, "input": {"text": "hello"}, "metadata": {"for": "me"}})
    accepted = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/jobs/{accepted['id']}"
    assert (accepted["object"], accepted["status"], accepted["queue_position"]) == ("job", "queued", 0)
    done = until(http, accepted["id"])
    assert done["status"] == "succeeded"
    assert done["output"] == {"echo": {"text": "hello"}}
    assert done["input"] == {"text": "hello"}
    assert (done["attempts"], done["max_attempts"], done["priority"], done["timeout_s"]) == (1, 3, 0, 1800.0)
    assert (done["metadata"], done["error"], done["progress"], done["artifacts"]) == ({"for": "me"}, None, None, [])
    for name in ("created_at", "started_at", "finished_at"):
        assert WHEN.fullmatch(done[name])


def test_the_same_key_is_the_same_job(http: httpx.Client) -> None:
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    body = {"model": NOOP, "input": {"text": "once"}}
    first = http.post("/v1/jobs", json=body, headers=headers)
    second = http.post("/v1/jobs", json=body, headers=headers)
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json()["id"] == second.json()["id"]
    assert second.headers["location"] == first.headers["location"]
    other = http.post("/v1/jobs", json={**body, "input": {"text": "twice"}}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-mismatch")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"{", 400, "the body is no JSON"),
        (b"\xff", 400, "the body is no JSON"),
        (b"[]", 422, "body: input should be an object"),
        ({"input": {}}, 422, "model: it is missing"),
        ({"model": "Noop", "input": {}}, 422, "there is no model 'Noop'"),
        ({"model": NOOP}, 422, "input: it is missing"),
        ({"model": NOOP, "input": {"text": 7}}, 422, "input.text"),
        ({"model": NOOP, "input": {"txt": "a"}}, 422, "input.txt: there is no such field"),
        ({"model": NOOP, "input": {}, "prio": 1}, 422, "prio: there is no such field"),
        ({"model": NOOP, "input": {}, "priority": 101}, 422, "priority"),
        ({"model": NOOP, "input": {}, "priority": "1"}, 422, "priority"),
        ({"model": NOOP, "input": {}, "timeout_s": 0}, 422, "timeout_s"),
        ({"model": NOOP, "input": {}, "max_attempts": 0}, 422, "max_attempts"),
        ({"model": NOOP, "input": {}, "metadata": {"a": 1}}, 422, "metadata.a"),
        ({"model": NOOP, "input": {}, "webhook": {"url": "ftp://a.example"}}, 422, "webhook.url"),
        ({"model": NOOP, "input": {}, "webhook": {"url": "http://a.example", "secret": "whsec_short"}}, 422, "secret"),
        ({"model": f"{MODELS}:TakesMedia", "input": {"sound": "/etc/passwd"}}, 422, "neither an upload nor a URL"),
        ({"model": f"{MODELS}:TakesMedia", "input": {"sound": "upload_none"}}, 422, "there is no upload"),
        ({"model": f"{MODELS}:TakesMedia", "input": {"sound": "file:///etc/passwd"}}, 422, "neither an upload"),
    ],
)
def test_what_is_wrong_is_refused_before_it_is_a_job(http: httpx.Client, body: Any, status: int, words: str) -> None:
    before = http.get("/v1/jobs", params={"limit": 1}).json()["last_id"]
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = http.post("/v1/jobs", content=raw, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]
    assert http.get("/v1/jobs", params={"limit": 1}).json()["last_id"] == before


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_what_a_page_of_another_origin_could_send_is_refused(http: httpx.Client, kind: str | None) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = http.post("/v1/jobs", content=json.dumps({"model": NOOP, "input": {}}).encode(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "media-type-unsupported")


def test_a_whole_number_may_have_a_point(http: httpx.Client) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    body = f'{{"model": "{SLEEPER}", "input": {{"steps": 2.0, "step_s": 0}}, "priority": -3.0}}'
    accepted = http.post("/v1/jobs", content=body.encode(), headers=headers).json()
    assert (accepted["input"]["steps"], accepted["priority"]) == (2, -3)
    assert until(http, accepted["id"])["output"]["steps"] == 2


def test_jobs_are_listed_newest_first_by_page_state_model_and_words(http: httpx.Client) -> None:
    word = uuid.uuid4().hex
    made = [post_job(http, inputs={"text": f"{word} number{number}"})["id"] for number in range(5)]
    failed = post_job(http, BROKEN, {"text": word}, max_attempts=1)["id"]
    for job_id in (*made, failed):
        until(http, job_id)

    def page(**asked: Any) -> dict[str, Any]:
        found: dict[str, Any] = http.get("/v1/jobs", params={"q": word, **asked}).json()
        return found

    def ids(found: dict[str, Any]) -> list[str]:
        return [job["id"] for job in found["data"]]

    assert ids(page()) == [failed, *reversed(made)]
    assert ids(page(status="failed")) == [failed]
    assert ids(page(model=BROKEN)) == [failed]
    assert ids(page(q=f"number3 {word}")) == [made[3]]
    first = page(limit=4)
    assert (first["has_more"], first["last_id"]) == (True, made[2])
    second = page(limit=4, after=first["last_id"])
    assert (ids(second), second["has_more"]) == ([made[1], made[0]], False)
    empty = page(q=f"{word}-none")
    assert empty == {"object": "list", "data": [], "has_more": False, "last_id": None}


@pytest.mark.parametrize("asked", [{"limit": 0}, {"limit": 101}, {"status": "done"}, {"limit": "x"}])
def test_a_list_that_cannot_be_is_refused(http: httpx.Client, asked: dict[str, Any]) -> None:
    assert http.get("/v1/jobs", params=asked).status_code == 422
    assert http.get("/v1/jobs", params={"after": "job_none"}).status_code == 404


def _restarts(http: httpx.Client) -> list[str]:
    lines = http.get("/metrics").text.splitlines()
    return [line for line in lines if line.startswith("greenroom_worker_restarts_total{")]


def test_progress_is_seen_and_a_cancel_is_heeded(http: httpx.Client) -> None:
    restarts = _restarts(http)
    running = post_job(http, SLEEPER, SLOW)["id"]
    waiting = post_job(http, SLEEPER, SLOW)["id"]
    until(http, running, "running")
    assert http.get(f"/v1/jobs/{waiting}").json()["queue_position"] == 0
    eventually(lambda: until_at_work(http, running)["progress"]["done"] > 0, "some steps")
    progress = until_at_work(http, running)["progress"]
    assert 0 < progress["fraction"] < 1
    ended = http.post(f"/v1/jobs/{waiting}/cancel").json()
    assert (ended["status"], ended["queue_position"], ended["started_at"]) == ("cancelled", None, None)
    asked = http.post(f"/v1/jobs/{running}/cancel").json()
    assert asked["cancel_requested"]
    assert until(http, running)["status"] == "cancelled"
    assert _restarts(http) == restarts  # a worker that does not heed it is killed
    assert http.post(f"/v1/jobs/{running}/cancel").json()["status"] == "cancelled"


def test_a_job_runs_again_and_only_if_it_has_no_result(http: httpx.Client) -> None:
    job_id = post_job(http, BROKEN, {"text": "x"}, max_attempts=1)["id"]
    failed = until(http, job_id)
    assert failed["error"]["code"] == "model-failed"
    assert not failed["error"]["retryable"]
    again = http.post(f"/v1/jobs/{job_id}/retry")
    assert (again.status_code, again.json()["status"], again.json()["error"]) == (200, "queued", None)
    assert until(http, job_id)["status"] == "failed"
    done = post_job(http)["id"]
    until(http, done)
    refused = http.post(f"/v1/jobs/{done}/retry")
    assert (refused.status_code, refused.json()["code"]) == (409, "job-conflict")


def test_a_job_is_forgotten_with_its_files(http: httpx.Client) -> None:
    job_id = post_job(http, SLEEPER, {"steps": 2, "step_s": 0})["id"]
    [artifact] = until(http, job_id)["artifacts"]
    assert http.get(artifact["url"]).status_code == 200
    assert http.delete(f"/v1/jobs/{job_id}").status_code == 204
    assert http.get(f"/v1/jobs/{job_id}").status_code == 404
    assert http.get(artifact["url"]).status_code == 404
    assert http.delete(f"/v1/jobs/{job_id}").status_code == 404


def test_a_job_that_runs_is_not_forgotten(http: httpx.Client) -> None:
    job_id = post_job(http, SLEEPER, SLOW)["id"]
    until(http, job_id, "running")
    assert http.delete(f"/v1/jobs/{job_id}").status_code == 409
    http.post(f"/v1/jobs/{job_id}/cancel")
    until(http, job_id)


def test_a_job_has_a_time_to_run_and_a_time_to_wait(http: httpx.Client) -> None:
    running = post_job(http, SLEEPER, SLOW)["id"]
    until(http, running, "running")
    impatient = until(http, post_job(http, SLEEPER, SLOW, ttl_s=0.3)["id"])
    assert (impatient["status"], impatient["error"]["code"]) == ("timed_out", "queue-timeout")
    assert impatient["started_at"] is None
    http.post(f"/v1/jobs/{running}/cancel")
    long = until(http, post_job(http, SLEEPER, SLOW, timeout_s=0.5)["id"])
    assert (long["status"], long["error"]["code"]) == ("timed_out", "job-timeout")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("path", ["job_none", "%00", "..%2f..%2fetc", "é"])
def test_a_job_that_is_not_there_is_said_to_be_none(http: httpx.Client, method: str, path: str) -> None:
    assert http.request(method, f"/v1/jobs/{path}").status_code == 404


def test_what_happens_to_a_job_is_told_to_its_end(http: httpx.Client, mark: Path) -> None:
    job_id = post_job(http, SLEEPER, HELD)["id"]
    until_at_work(http, job_id)
    mark.touch()
    events = events_of(http, job_id)
    kinds = [event["event"] for event in events]
    assert kinds[:2] == ["queued", "started"]
    assert "progress" in kinds
    assert kinds[-1] == "succeeded"
    assert [int(event["id"]) for event in events] == list(range(1, len(events) + 1))
    for event in events:
        said = json.loads(event["data"])
        assert (str(said["number"]), said["kind"]) == (event["id"], event["event"])
        assert WHEN.fullmatch(said["at"])


def test_a_reader_goes_on_where_it_was(http: httpx.Client) -> None:
    job_id = post_job(http)["id"]
    whole = events_of(http, job_id)
    assert events_of(http, job_id, after=1) == whole[1:]
    assert events_of(http, job_id, after=len(whole)) == []
    assert events_of(http, job_id, after=10_000) == []
    assert http.get(f"/v1/jobs/{job_id}/events", headers={"Last-Event-ID": "x"}).status_code == 422
    assert http.get("/v1/jobs/job_none/events").status_code == 404


def test_readers_are_counted_while_they_read(http: httpx.Client) -> None:
    job_id = post_job(http, SLEEPER, SLOW)["id"]
    with http.stream("GET", f"/v1/jobs/{job_id}/events") as answer:
        lines = answer.iter_lines()
        next(lines)
        # The end of one before it may be noticed only now.
        eventually(lambda: "greenroom_live_streams 1.0" in http.get("/metrics").text, "one reader")
    http.post(f"/v1/jobs/{job_id}/cancel")
    until(http, job_id)
