"""What a model tells and shows before its result is there, as callers see it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.serve.models import a_picture
from tests.serve.routes.asking import events_of, eventually, post_job, until
from tests.serve.servers import MODELS, RunningServer, running_server

TELLER = f"{MODELS}:Teller"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("previews"), "Teller") as started:
        yield started


@pytest.fixture
def http(server: RunningServer) -> Iterator[httpx.Client]:
    (server.folder / "marks" / "open").unlink(missing_ok=True)
    with server.client() as client:
        yield client


def _told(http: httpx.Client, job_id: str) -> list[dict[str, Any]]:
    return [json.loads(event["data"]) for event in events_of(http, job_id)]


def test_a_plan_is_an_event_and_a_preview_is_there_while_the_job_runs(
    server: RunningServer, http: httpx.Client
) -> None:
    job_id = post_job(http, TELLER, {"hold": True})["id"]
    eventually(lambda: until(http, job_id, "running")["previews"], "a preview")
    job = until(http, job_id, "running")
    (preview,) = job["previews"]
    assert (preview["name"], preview["media_type"], job["artifacts"]) == ("preview-0.png", "image/png", [])
    # It is what was shown: the model has written over it since.
    assert http.get(preview["url"]).content == a_picture(16)
    (server.folder / "marks" / "open").touch()
    done = until(http, job_id)
    assert [artifact["name"] for artifact in done["artifacts"]] == ["result.txt"]
    assert [shown["id"] for shown in done["previews"]] == [preview["id"]]
    told = _told(http, job_id)
    assert [event["kind"] for event in told if event["kind"] != "progress"] == [
        "queued", "started", "plan", "preview", "succeeded",
    ]  # fmt: skip
    plan, shown = (next(event for event in told if event["kind"] == kind) for kind in ("plan", "preview"))
    assert plan["data"] == {"frames": 21, "seconds": 4.5, "notes": ["ü"]}
    assert {name: shown["artifact"][name] for name in ("id", "name", "sha256")} == {
        name: preview[name] for name in ("id", "name", "sha256")
    }
    assert http.get(shown["artifact"]["url"]).status_code == 200


def test_a_later_preview_takes_the_place_of_one_of_its_name(server: RunningServer, http: httpx.Client) -> None:
    job = until(http, post_job(http, TELLER, {"shows": 5, "names": 2})["id"])
    assert [shown["name"] for shown in job["previews"]] == ["preview-1.png", "preview-0.png"]
    assert http.get(job["previews"][1]["url"]).content == a_picture(24)
    first = next(event for event in _told(http, job["id"]) if event["kind"] == "preview")
    assert http.get(first["artifact"]["url"]).status_code == 404
    files = [path for path in (server.data / "artifacts" / "jobs" / job["id"]).rglob("*") if path.is_file()]
    assert sorted(path.name for path in files) == ["preview-0.png", "preview-1.png", "result.txt"]


def test_the_picture_of_a_video_is_the_newest_of_all_names(http: httpx.Client) -> None:
    job = until(http, post_job(http, TELLER, {"shows": 3, "names": 2})["id"])
    assert [shown["name"] for shown in job["previews"]] == ["preview-1.png", "preview-0.png"]
    answer = http.get(f"/v1/videos/{job['id']}/content?variant=thumbnail", follow_redirects=True)
    assert answer.content == a_picture(16 + 2 * 2)


def test_copies_of_what_was_shown_go_once_they_are_kept(server: RunningServer, http: httpx.Client) -> None:
    job = post_job(http, TELLER, {"shows": 30, "hold": True})
    eventually(lambda: _so_far(http, job["id"]).count("preview") == 30, "all are shown")
    eventually(lambda: [path.name for path in server.data.rglob("*-shown/*/*.png")] == [], "no copy is left")
    (server.folder / "marks" / "open").touch()
    assert until(http, job["id"])["status"] == "succeeded"


def test_a_run_anew_begins_without_what_was_shown_before(server: RunningServer, http: httpx.Client) -> None:
    job = until(http, post_job(http, TELLER, {"fails": True, "shows": 2, "names": 2, "hold": False})["id"])
    assert len(job["previews"]) == 2
    again = http.post(f"/v1/jobs/{job['id']}/retry").json()
    assert again["previews"] == []
    assert http.get(job["previews"][0]["url"]).status_code == 404
    until(http, job["id"])


def _so_far(http: httpx.Client, job_id: str) -> list[str]:
    """The kinds of what has happened to a job that runs."""
    kinds = []
    with http.stream("GET", f"/v1/jobs/{job_id}/events") as answer:
        for line in answer.iter_lines():
            if line.startswith(":"):
                break
            if line.startswith("event: "):
                kinds.append(line.removeprefix("event: "))
            if kinds.count("preview") == 30:
                break
    return kinds


def test_of_many_names_the_newest_stay(http: httpx.Client) -> None:
    job = until(http, post_job(http, TELLER, {"shows": 20, "names": 20})["id"])
    assert [shown["name"] for shown in job["previews"]] == [f"preview-{number}.png" for number in range(4, 20)]


def test_a_job_without_result_keeps_its_previews_and_takes_them_with_it(
    server: RunningServer, http: httpx.Client
) -> None:
    job = until(http, post_job(http, TELLER, {"fails": True})["id"])
    assert (job["status"], len(job["previews"]), job["artifacts"]) == ("failed", 1, [])
    assert [event["kind"] for event in _told(http, job["id"])][-3:] == ["plan", "preview", "failed"]
    listed = next(one for one in http.get("/v1/jobs").json()["data"] if one["id"] == job["id"])
    assert listed["previews"][0]["id"] == job["previews"][0]["id"]
    assert http.delete(f"/v1/jobs/{job['id']}").status_code == 204
    assert http.get(job["previews"][0]["url"]).status_code == 404
    assert not (server.data / "artifacts" / "jobs" / job["id"]).exists()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"say": "progress"}, "told 'progress', which is no kind that a model may name"),
        ({"say": "words"}, "told 'In words', which is no kind that a model may name"),
        ({"say": "no object"}, "told a plan that is no object of at most 32,768 bytes"),
        ({"say": "no json"}, "told a plan that is no JSON, or holds what no event can"),
        ({"say": "too long"}, "told a plan that is no object of at most 32,768 bytes"),
        ({"say": "too often"}, "told more than 500 facts"),
        ({"outside": True}, "shows preview-0.png, which is not in the folder of the request"),
    ],
    ids=str,
)
def test_what_no_model_may_say_fails_the_job(http: httpx.Client, said: dict[str, Any], why: str) -> None:
    job = until(http, post_job(http, TELLER, said)["id"])
    assert (job["status"], job["error"]["code"]) == ("failed", "model-failed")
    assert job["error"]["message"] == f"{TELLER} failed ({why})"


def test_runpods_clients_hear_of_both(http: httpx.Client) -> None:
    job_id = http.post(f"/v2/{TELLER}/run", json={"input": {}}).json()["id"]
    until(http, job_id)
    events = [part["output"] for part in http.get(f"/v2/{TELLER}/stream/{job_id}").json()["stream"]]
    assert [event["kind"] for event in events if event["kind"] in ("plan", "preview")] == ["plan", "preview"]
    (shown,) = http.get(f"/v2/{TELLER}/status/{job_id}").json()["output"]["previews"]
    assert shown["name"] == "preview-0.png"
    assert http.get(shown["url"]).content == a_picture(16)


def test_a_request_that_is_no_job_shows_to_nobody(http: httpx.Client) -> None:
    answer = http.post(f"/v1/models/{TELLER}/generate", json={})
    assert answer.text == "made"
