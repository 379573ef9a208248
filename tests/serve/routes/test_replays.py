"""What an idempotency key is answered with, and what is handed on of a trace."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import httpx
import pytest

from tests.media import media_files
from tests.serve.routes.asking import NOOP, until
from tests.serve.servers import MODELS, RunningServer


def test_a_job_is_known_by_its_key_when_its_file_is_gone(http: httpx.Client, tmp_path: Path) -> None:
    with media_files.wav(tmp_path / "a.wav", seconds=0.1).open("rb") as file:
        kept = http.post("/v1/uploads", files={"file": file}).json()["id"]
    body = {"model": f"{MODELS}:TakesMedia", "input": {"sound": kept}}
    headers = {"Idempotency-Key": f"replay of {kept}"}
    first = http.post("/v1/jobs", json=body, headers=headers)
    until(http, first.json()["id"])
    assert http.delete(f"/v1/uploads/{kept}").status_code == 204
    again = http.post("/v1/jobs", json=body, headers=headers)
    assert (again.status_code, again.json().get("id")) == (200, first.json()["id"])
    other = http.post("/v1/jobs", json={**body, "priority": 1}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-mismatch")
    assert http.post("/v1/jobs", json=body).json()["code"] == "upload-unknown"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (f"00-{'a' * 32}-{'b' * 16}-01", True), (f"ff-{'a' * 32}-{'b' * 16}-01", False),
        (f"00-{'0' * 32}-{'b' * 16}-01", False), (f"00-{'a' * 32}-{'0' * 16}-01", False),
    ],
)  # fmt: skip
def test_a_trace_that_is_none_is_not_handed_on(http: httpx.Client, live: RunningServer, given: str, kept: bool) -> None:
    answer = http.post("/v1/jobs", json={"model": NOOP, "input": {}}, headers={"traceparent": given})
    assert answer.status_code == 202
    with contextlib.closing(sqlite3.connect(live.data / "jobs.sqlite")) as database:
        [found] = database.execute(
            "SELECT traceparent FROM greenroom_jobs WHERE id = ?", (answer.json()["id"],)
        ).fetchone()
    assert found == (given if kept else None)
    until(http, answer.json()["id"])  # or it would be before those of the next test
