"""What a job finished outlives its attempt: the worker is killed, the server is, and what comes next goes on there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serve.routes.asking import eventually, post_job, until, until_at_work
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


@pytest.mark.parametrize(("ends", "attempts"), [("dies_at", 1), ("fails_at", 2)])
def test_the_next_attempt_finds_what_the_first_left(server: RunningServer, ends: str, attempts: int) -> None:
    """A process that is killed, and a failure that is worth a retry. The loss of one that went on does not count."""
    with server.client() as http:
        job = until(http, post_job(http, KEEPER, {ends: 2})["id"])
    assert (job["status"], job["attempts"]) == ("succeeded", attempts)
    assert job["output"] == {"found": ["0.part", "1.part"], "done": ["2.part", "3.part"], "small": False}
    eventually(lambda: not _kept(server), "a job has ended before its folder is removed")


def test_what_dies_at_the_same_place_each_time_is_given_up_and_its_parts_stay(server: RunningServer) -> None:
    """The first attempt went on, and does not count; of those that count none did."""
    with server.client() as http:
        job = until(http, post_job(http, KEEPER, {"dies_always_at": 2}, max_attempts=2)["id"], seconds=60)
        assert (job["status"], job["attempts"]) == ("failed", 2)
        assert [path.name for path in _kept(server)[0].glob("*.part")] != []
        http.delete(f"/v1/jobs/{job['id']}")
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


def test_what_can_be_run_again_goes_on_then(server: RunningServer) -> None:
    """Behind a failure that passes, and behind the end of its time; a cancel removes it."""
    with server.client() as http:
        failed = until(http, post_job(http, KEEPER, {"fails_at": 2}, max_attempts=1)["id"])
        late = until(http, post_job(http, KEEPER, {"waits_at": 2}, timeout_s=3.0)["id"])
        assert [failed["status"], late["status"]] == ["failed", "timed_out"]
        assert len(_kept(server)) == 2
        http.post(f"/v1/jobs/{failed['id']}/retry")
        assert until(http, failed["id"])["output"]["found"] == ["0.part", "1.part"]
        server.mark.touch()
        http.post(f"/v1/jobs/{late['id']}/retry")
        assert until(http, late["id"])["output"]["found"] == ["0.part", "1.part"]
        unwanted = post_job(http, KEEPER, {"parts": 1000, "part_s": 0.05})["id"]
        until_at_work(http, unwanted, "working")
        assert len(_kept(server)) == 1
        http.post(f"/v1/jobs/{unwanted}/cancel")
        assert until(http, unwanted)["status"] == "cancelled"
    eventually(lambda: not _kept(server), "a job has ended before its folder is removed")


def test_a_killed_server_comes_back_and_goes_on(tmp_path: Path) -> None:
    first = start_server(tmp_path, "Keeper")
    with first.client() as http:
        job_id = post_job(http, KEEPER, {"parts": 6, "waits_at": 2})["id"]
    kept = first.data / "kept"
    eventually(lambda: len(list(kept.glob(f"{job_id}-*/*.part"))) == 2, "two parts")
    first.kill()
    left = {path.name for path in kept.glob("*/*.part")}
    first.mark.touch()
    with running_server(tmp_path, "Keeper") as again, again.client() as http:
        job = until(http, job_id)
        output = job["output"]
        assert job["attempts"] == 1  # its server was lost, and not in vain
        assert left == set(output["found"])
        assert sorted([*output["found"], *output["done"]]) == [f"{place}.part" for place in range(6)]
        eventually(lambda: not _kept(again), "a job has ended before its folder is removed")
