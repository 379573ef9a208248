"""People in pictures moved over HTTP, by the real model of tiny networks: its files, its facts, its refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI

from greenroom.media.video.facts import read_facts
from tests.models.steadydancer.tiny import driver_file, keypoint_frames, picture_file
from tests.serve.animating import DANCER, FAST, HELD, HELD_AT, NARROW, main_animating
from tests.serve.routes.asking import eventually, post_job, sent, told, until
from tests.serve.servers import RunningServer, running_server

# What they call deprecated is their own service, not its interface.
pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    served = (DANCER, HELD, NARROW)
    with running_server(tmp_path_factory.mktemp("dancer"), *served, entry=main_animating) as running:
        yield running


@pytest.fixture
def http(server: RunningServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


@pytest.fixture
def given(http: httpx.Client, tmp_path: Path) -> dict[str, Any]:
    """The inputs of a clip of 9 frames."""
    picture = sent(http, picture_file(tmp_path / "me.png"))
    video = sent(http, driver_file(tmp_path / "dance.mp4"))
    return {"picture": picture, "video": video, "prompt": "a person dances", "seed": 3, "pose_seed": 4, **FAST}


@pytest.fixture
def marks(server: RunningServer) -> Path:
    """Where ``Held`` says that it waits, and hears that it may go on; neither has been."""
    return server.without_marks("sampling", "go")


def done(http: httpx.Client, inputs: dict[str, Any], model: str = DANCER) -> dict[str, Any]:
    """A job that has succeeded."""
    job = until(http, post_job(http, model, inputs)["id"], seconds=120)
    assert job["status"] == "succeeded", job["error"]
    return job


def clip_of(http: httpx.Client, job: dict[str, Any]) -> bytes:
    """Its first file."""
    return http.get(job["artifacts"][0]["url"]).content


def test_a_picture_and_a_driver_become_a_clip(http: httpx.Client, given: dict[str, Any], tmp_path: Path) -> None:
    job = done(http, given)
    files = [(file["name"], file["media_type"]) for file in job["artifacts"]]
    assert files == [("clip.mp4", "video/mp4"), ("preview.png", "image/png")]
    (tmp_path / "made.mp4").write_bytes(clip_of(http, job))
    assert read_facts(tmp_path / "made.mp4").frames == 9
    said = job["output"]
    assert (said["frames"], said["seed"], said["pose_seed"], said["passes"], said["resumed"]) == (9, 3, 4, 22, 0)
    assert said["ratios"]["neck"] == pytest.approx(1, abs=0.1)
    assert said["terms"]
    assert any("the clip has 9 frames" in note for note in said["notes"])


def test_the_plan_and_what_was_found_are_told_before_the_first_step(http: httpx.Client, given: dict[str, Any]) -> None:
    job = done(http, given)
    events = told(http, job["id"])
    kinds = [event.get("stage", event["kind"]) for event in events]
    order = [kinds.index(kind) for kind in ("plan", "poses", "preview")]
    assert order == sorted(order)
    assert order[-1] < min(place for place, kind in enumerate(kinds) if kind in ("sampling", "succeeded"))
    plan = next(event["data"] for event in events if event["kind"] == "plan")
    assert (plan["model"], plan["device"], plan["frames"], plan["passes"]) == (DANCER, "cpu", 9, 22)
    found = next(event["data"] for event in events if event["kind"] == "poses")
    assert {one["code"] for one in found["findings"]} == {"pose-network-unknown"}
    assert len(found["people"]["driver"]) == 1


def test_a_preview_is_pictures_and_warnings(http: httpx.Client, given: dict[str, Any], tmp_path: Path) -> None:
    two = sent(http, driver_file(tmp_path / "two.mp4", 0, 1))
    job = done(http, {**given, "video": two, "preview": True})
    assert [file["name"] for file in job["artifacts"]] == [
        "preview.png", "preview-frames.png", "preview-people.png",
    ]  # fmt: skip
    assert "several-people" in {one["code"] for one in job["output"]["findings"]}
    assert job["output"]["preview"] is True
    assert "sampling" not in {event.get("stage") for event in told(http, job["id"])}
    chosen = done(http, {**given, "video": two, "preview": True, "person": "2"})
    assert "several-people" not in {one["code"] for one in chosen["output"]["findings"]}


def test_keypoints_come_as_words(http: httpx.Client, given: dict[str, Any]) -> None:
    asked = {name: value for name, value in given.items() if name != "video"}
    job = done(http, {**asked, "keypoints": json.dumps(keypoint_frames(9)), "steps": 1})
    assert (job["output"]["source"], job["output"]["frames"]) == ("keypoints", 9)


def test_what_cannot_be_is_refused_and_what_fails_is_named(
    server: RunningServer, http: httpx.Client, given: dict[str, Any], tmp_path: Path
) -> None:
    for more, says in (
        ({"video": None}, "there is neither a video nor keypoints"),
        ({"frames": 80}, "the nearest are 77 and 81"),
        ({"person": "the left one"}, "neither surest, largest, a number from the left"),
        ({"loras": "four.safetensors"}, "the server's setting loras"),
        ({"lora": ["four.safetensors:0.5"]}, "the server's setting loras"),
        ({"picture": given["video"], "video": given["picture"]}, ""),
    ):
        asked = http.post("/v1/jobs", json={"model": DANCER, "input": {**given, **more}})
        if not says:
            job = until(http, asked.json()["id"], seconds=60)
            assert (job["status"], job["error"]["code"]) == ("failed", "media-invalid")
            continue
        assert asked.status_code in (400, 422)
        assert says in asked.text
    form = {"model": DANCER, "prompt": "a", "image_reference": given["picture"], "video_reference": given["video"]}
    asked = http.post("/v1/videos", json={**form, "loras": "four.safetensors"})
    assert asked.status_code in (400, 422)
    assert "the server's setting loras" in asked.text
    empty = sent(http, picture_file(tmp_path / "empty.png", 7))
    short = sent(http, driver_file(tmp_path / "short.mp4", frames=3))
    for more, code in (
        ({"picture": empty}, "nobody-found"),
        ({"video": short}, "driver-too-short"),
        ({"person": "3"}, "person-not-there"),
        ({"shows": "skeletons"}, "skeletons-unreadable"),
        ({"noise": "gpu"}, "input-invalid"),
    ):
        job = until(http, post_job(http, DANCER, {**given, **more})["id"], seconds=60)
        assert (job["status"], job["error"]["code"], job["attempts"]) == ("failed", code, 1)
        assert str(server.folder) not in json.dumps(job["error"])
        assert job["artifacts"] == []


def test_a_worker_that_is_killed_goes_on_behind_its_last_step(
    server: RunningServer, http: httpx.Client, given: dict[str, Any], marks: Path
) -> None:
    calm = clip_of(http, done(http, given))
    job_id = post_job(http, HELD, given)["id"]
    eventually((marks / "sampling").exists, "a step at which it waits")
    server.worker.kill()
    (marks / "go").touch()
    job = until(http, job_id, seconds=120)
    assert job["status"] == "succeeded", job["error"]
    assert job["output"]["resumed"] >= 3
    assert clip_of(http, job) == calm
    assert server.under_way == []


def test_a_job_that_is_cancelled_stops_at_the_pass_it_is_at(
    server: RunningServer, http: httpx.Client, given: dict[str, Any], marks: Path
) -> None:
    job_id = post_job(http, HELD, given)["id"]
    eventually((marks / "sampling").exists, "a step at which it waits")
    http.post(f"/v1/jobs/{job_id}/cancel")
    job = until(http, job_id, seconds=60)
    assert (job["status"], job["artifacts"]) == ("cancelled", [])
    steps = [event["done"] for event in told(http, job_id) if event.get("stage") == "sampling"]
    assert max(steps, default=0) <= HELD_AT
    (marks / "go").touch()
    assert done(http, given, HELD)["attempts"] == 1
    assert server.under_way == []


def test_where_memory_runs_out_no_step_is_done_again(http: httpx.Client, given: dict[str, Any]) -> None:
    calm, narrow = done(http, given), done(http, given, NARROW)
    assert clip_of(http, narrow) == clip_of(http, calm)
    assert narrow["output"]["resumed"] == FAST["steps"]
    plans = [event["data"] for event in told(http, narrow["id"]) if event["kind"] == "plan"]
    assert len(plans) == 2


def test_openai_s_client_gives_the_picture_and_the_driver(
    server: RunningServer, http: httpx.Client, given: dict[str, Any], tmp_path: Path
) -> None:
    with OpenAI(base_url=f"{server.url}/v1", api_key="none is needed", max_retries=0) as openai:
        asked = openai.videos.create(
            model=DANCER,
            prompt="a person dances",
            input_reference=picture_file(tmp_path / "me.png"),
            extra_body={"video_reference": given["video"], "size": "832x480", "seed": 3, "pose_seed": 4, **FAST},
        )
        made = openai.videos.poll(asked.id, poll_interval_ms=50)
        assert (made.status, made.prompt, made.seconds) == ("completed", "a person dances", "0.562")
        content = openai.videos.download_content(asked.id).content
    assert content == clip_of(http, http.get(f"/v1/jobs/{asked.id}").json())
    shown = http.get(f"/v1/videos/{asked.id}").json()
    assert (asked.size, shown["size"]) == ("832x480", "64x64")
    assert [one["name"] for one in shown["samples"]] == ["clip.mp4"]


def test_the_document_and_the_model_say_what_is_taken(http: httpx.Client) -> None:
    document = http.get("/openapi.json").json()
    assert DANCER in document["components"]["schemas"]["VideoBody"]["properties"]["model"]["enum"]
    shown = http.get(f"/v1/models/{DANCER}").json()
    assert shown["notice"].startswith("SteadyDancer 14B: no known licence")
    declared = shown["inputs"]["properties"]
    assert (declared["picture"]["format"], declared["frames"]["maximum"]) == ("image", 961)
    assert next(preset["name"] for preset in shown["presets"]) == "Draft"
