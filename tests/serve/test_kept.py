"""What a job finished outlives its attempt: the worker is killed, the server is, and what comes next goes on there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serve.routes.asking import post_job, until
from tests.serve.servers import MODELS, RunningServer, running_server, start_server

KEEPER = f"{MODELS}:Keeper"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("kept"), "Keeper") as started:
        yield started


@pytest.fixture(autouse=True)
def _first(server: RunningServer) -> None:
    """Each test's first attempt is the first."""
    for mark in (server.folder / "marks").iterdir():
        mark.unlink()


def _kept(server: RunningServer) -> list[Path]:
    return list((server.data / "kept").iterdir())


@pytest.mark.parametrize("ends", ["dies_at", "fails_at"])
def test_the_next_attempt_finds_what_the_first_left(server: RunningServer, ends: str) -> None:
    """A process that is killed, and a failure that is worth a retry."""
    with server.client() as http:
        job = until(http, post_job(http, KEEPER, {ends: 2})["id"])
    assert (job["status"], job["attempts"]) == ("succeeded", 2)
    assert job["output"] == {"found": ["0.part", "1.part"], "done": ["2.part", "3.part"], "small": False}
    assert _kept(server) == []


def test_the_smaller_plan_finds_it_too(server: RunningServer) -> None:
    with server.client() as http:
        job = until(http, post_job(http, KEEPER, {"short_at": 3})["id"])
    assert job["output"] == {"found": ["0.part", "1.part", "2.part"], "done": ["3.part"], "small": True}
    assert job["attempts"] == 1


def test_a_request_that_is_no_job_has_none(server: RunningServer) -> None:
    with server.client() as http:
        answer = http.post(f"/v1/models/{KEEPER}/generate", json={})
    assert answer.json()["output"] == {"kept": False}


def test_any_end_removes_it(server: RunningServer) -> None:
    with server.client() as http:
        failed = until(http, post_job(http, KEEPER, {"fails_at": 2}, max_attempts=1)["id"])
        late = post_job(http, KEEPER, {"parts": 1000, "part_s": 0.05}, timeout_s=0.3)["id"]
        assert [failed["status"], until(http, late)["status"]] == ["failed", "timed_out"]
        unwanted = post_job(http, KEEPER, {"parts": 1000, "part_s": 0.05})["id"]
        until(http, unwanted, "running")
        http.post(f"/v1/jobs/{unwanted}/cancel")
        assert until(http, unwanted)["status"] == "cancelled"
    end = time.monotonic() + 5
    while _kept(server):  # a job has ended before its folder is removed
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_killed_server_comes_back_and_goes_on(tmp_path: Path) -> None:
    first = start_server(tmp_path, "Keeper")
    with first.client() as http:
        job_id = post_job(http, KEEPER, {"parts": 6, "part_s": 0.3})["id"]
    folder = first.data / "kept" / job_id
    end = time.monotonic() + 15
    while len(list(folder.glob("*.part")) if folder.exists() else []) < 2:
        assert time.monotonic() < end
        time.sleep(0.01)
    first.kill()
    left = {path.name for path in folder.glob("*.part")}
    with running_server(tmp_path, "Keeper") as again, again.client() as http:
        output = until(http, job_id)["output"]
        assert left == set(output["found"])
        assert sorted([*output["found"], *output["done"]]) == [f"{place}.part" for place in range(6)]
        assert _kept(again) == []
