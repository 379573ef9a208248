"""``greenroom jobs`` against a server."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Run
from tests.serve.routes.asking import BROKEN, NOOP, SLEEPER, SLOW, post_job, until
from tests.serve.servers import MODELS, RunningServer, running_server

KEY = "words that open"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    env = {"GREENROOM_API_KEY": KEY}
    with running_server(tmp_path_factory.mktemp("jobs"), "Noop", "Sleeper", "Broken", "Teller", env=env) as server:
        yield server


@pytest.fixture
def http(served: RunningServer) -> Iterator[httpx.Client]:
    with served.client(KEY) as client:
        yield client


@pytest.fixture
def jobs(greenroom: Run, served: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("GREENROOM_SERVER", served.url)
    monkeypatch.setenv("GREENROOM_API_KEY", KEY)
    return lambda *arguments: greenroom("jobs", *arguments)


def test_jobs_are_listed_newest_first(jobs: Run, http: httpx.Client) -> None:
    first, second = post_job(http, metadata={"of": "list"})["id"], post_job(http, metadata={"of": "list"})["id"]
    until(http, second)
    lines = jobs("list", "--search", "list", "--model", NOOP, "--status", "succeeded").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [second, first]
    assert jobs("list", "--search", "nothing of this kind").stdout == "no jobs\n"
    said = json.loads(jobs("list", "--limit", "1", "--json").stdout)
    assert (said["schema"], len(said["result"]["data"])) == ("greenroom/jobs-list/1", 1)


def test_a_job_is_shown_with_its_files(jobs: Run, http: httpx.Client, served: RunningServer) -> None:
    job_id = post_job(http, SLEEPER, {"steps": 1, "step_s": 0})["id"]
    until(http, job_id)
    shown = jobs("show", job_id).stdout
    assert f"{served.url}/v1/artifacts/art_" in shown
    assert "1 of 3" in shown
    assert json.loads(jobs("show", job_id, "--json").stdout)["result"]["id"] == job_id


def test_what_a_model_tells_and_shows_is_followed_too(jobs: Run, http: httpx.Client, served: RunningServer) -> None:
    job_id = post_job(http, f"{MODELS}:Teller")["id"]
    followed = jobs("follow", job_id)
    (plan,) = [line for line in followed.stderr.splitlines() if "  plan  " in line]
    assert json.loads(plan.partition("  plan  ")[2]) == {"frames": 21, "seconds": 4.5, "notes": ["ü"]}
    (shown,) = [line for line in jobs("show", job_id).stdout.splitlines() if line.startswith("preview-0.png")]
    assert f"shown before  {served.url}/v1/artifacts/art_" in shown


def test_a_job_is_followed_to_its_end(jobs: Run, http: httpx.Client) -> None:
    good = jobs("follow", post_job(http, SLEEPER, {"steps": 5})["id"])
    assert good.returncode == 0
    assert [line.split()[1] for line in good.stderr.splitlines()] == ["queued", "started", "succeeded"]
    bad = jobs("follow", post_job(http, BROKEN, max_attempts=1)["id"])
    assert bad.returncode == 1
    assert "failed" in bad.stdout
    assert "mend" in bad.stdout


def test_a_job_is_cancelled(jobs: Run, http: httpx.Client) -> None:
    job_id = post_job(http, SLEEPER, SLOW)["id"]
    until(http, job_id, "running")
    assert jobs("cancel", job_id).stdout == f"{job_id} is being stopped\n"
    assert until(http, job_id)["status"] == "cancelled"
    assert jobs("cancel", job_id).stdout == f"{job_id} is cancelled\n"


def test_what_the_server_says_is_said(jobs: Run) -> None:
    for verb in ("show", "follow", "cancel"):
        done = jobs(verb, "job_none")
        assert (done.returncode, done.stdout) == (1, "")
        assert "there is no job 'job_none'" in done.stderr
    said = json.loads(jobs("show", "job_none", "--json").stdout)
    assert (said["ok"], said["error"]["code"]) == (False, "server-refused")


def test_a_wrong_key_and_no_server_are_told_apart(jobs: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GREENROOM_API_KEY", "words that do not")
    refused = jobs("list")
    assert (refused.returncode, "key" in refused.stderr) == (1, True)
    assert "words that do not" not in refused.stderr
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
        gone = jobs("list", "--server", nowhere)
    assert gone.returncode == 1
    assert f"no server answers at {nowhere}" in gone.stderr
    assert "greenroom serve starts one" in gone.stderr
    assert jobs("list", "--server", "no address").returncode == 1
