"""Sound for videos over HTTP, by the real model of tiny networks: its files, its facts, its refusals."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI, UnprocessableEntityError

from greenroom.media.video.facts import read_facts
from greenroom.media.video.images import write_image
from tests.media.video.clips import picture, video
from tests.serve.hosting import hosted
from tests.serve.routes.asking import eventually, post_job, sent, told, until
from tests.serve.servers import RunningServer, running_server
from tests.serve.sounding import CRAMPED, FAST, FOLEY, HELD, HELD_AT, NARROW, main_sounding

# What they call deprecated is their own service, not its interface.
pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")

WORDS: dict[str, Any] = {"prompt": "rain", "seconds": 0.7, "seed": 3, **FAST}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    env = {"GREENROOM_ALLOW_PRIVATE_URLS": "1"}
    served = (FOLEY, HELD, NARROW, CRAMPED)
    with running_server(tmp_path_factory.mktemp("foley"), *served, env=env, entry=main_sounding) as running:
        yield running


@pytest.fixture
def http(server: RunningServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


@pytest.fixture
def openai(server: RunningServer) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{server.url}/v1", api_key="none is needed", max_retries=0) as client:
        yield client


@pytest.fixture
def marks(server: RunningServer) -> Path:
    """Where ``Held`` says that it waits, and hears that it may go on; neither has been."""
    return server.without_marks("sampling", "go")


def done(http: httpx.Client, inputs: dict[str, Any], model: str = FOLEY) -> dict[str, Any]:
    """A job that has succeeded."""
    job = until(http, post_job(http, model, inputs)["id"], seconds=60)
    assert job["status"] == "succeeded", job["error"]
    return job


def sound_of(http: httpx.Client, job: dict[str, Any]) -> bytes:
    """Its first file."""
    return http.get(job["artifacts"][0]["url"]).content


def test_a_video_gets_sounds_to_choose_from(http: httpx.Client, tmp_path: Path) -> None:
    clip = sent(http, video(tmp_path / "in.mp4", frames=20))
    job = done(http, {"video": clip, "prompt": "rain " * 100, "samples": 2, "wav": True, **FAST})
    files = [(file["name"], file["media_type"]) for file in job["artifacts"]]
    assert files == [
        ("sound-1.mp4", "video/mp4"),
        ("sound-2.mp4", "video/mp4"),
        ("sound-1.wav", "audio/wav"),
        ("sound-2.wav", "audio/wav"),
    ]
    (tmp_path / "made.mp4").write_bytes(http.get(job["artifacts"][1]["url"]).content)
    assert [track.kind for track in read_facts(tmp_path / "made.mp4").tracks] == ["audio"]
    said = job["output"]
    assert [sample["file"] for sample in said["samples"]] == ["sound-1.mp4", "sound-2.mp4"]
    assert any("the prompt has 100 words" in note for note in said["notes"])
    assert said["terms"][0].startswith("territory: ")


def test_words_alone_become_sound_and_the_plan_is_told_first(http: httpx.Client) -> None:
    job = done(http, WORDS)
    assert [file["name"] for file in job["artifacts"]] == ["sound.wav"]
    assert job["output"]["length_s"] == 0.7
    events = told(http, job["id"])
    kinds = [event.get("stage", event["kind"]) for event in events]
    # Steps may come too fast to be told of one by one.
    assert kinds.index("plan") < min(place for place, kind in enumerate(kinds) if kind in ("sampling", "succeeded"))
    plan = next(event["data"] for event in events if event["kind"] == "plan")
    assert (plan["model"], plan["device"], plan["samples"], plan["windows"]) == (FOLEY, "cpu", 1, 1)
    assert plan["bytes"] > 0
    assert plan["seconds"] is None


def test_what_cannot_be_is_refused_and_what_fails_is_named(http: httpx.Client, tmp_path: Path) -> None:
    refused = http.post("/v1/jobs", json={"model": FOLEY, "input": FAST})
    assert refused.status_code in (400, 422)
    assert "there is no video" in refused.text
    short = sent(http, video(tmp_path / "in.mp4", frames=5))
    job = until(http, post_job(http, FOLEY, {"video": short, "prompt": "x", **FAST})["id"], seconds=60)
    assert job["status"] == "failed"
    assert job["error"]["code"] == "clip-too-short"
    assert job["attempts"] == 1
    assert job["artifacts"] == []


def test_where_it_may_not_be_used_stands_beside_the_model(http: httpx.Client) -> None:
    shown = http.get(f"/v1/models/{FOLEY}").json()
    assert shown["notice"].startswith("not in the EU, UK, South Korea; ")
    assert (
        shown["restrictions"][0] == "No rights are granted in the European Union, the United Kingdom and South Korea."
    )
    # Those of its parts, too.
    assert any("Synchformer" in said for said in shown["restrictions"])
    assert "weights LicenseRef-Tencent-Hunyuan-Community" in shown["licences"]


def test_openai_s_client_asks_for_several_and_gets_each(http: httpx.Client, openai: OpenAI, tmp_path: Path) -> None:
    clip = video(tmp_path / "in.mp4", frames=20)
    asked = openai.videos.create(
        model=FOLEY, prompt="steps on gravel", input_reference=clip, extra_body={"samples": 2, **FAST}
    )
    made = openai.videos.poll(asked.id, poll_interval_ms=50)
    assert (made.status, made.prompt, made.seconds) == ("completed", "steps on gravel", "0.8")
    shown = http.get(f"/v1/videos/{asked.id}").json()
    assert [(one["index"], one["name"], one["media_type"]) for one in shown["samples"]] == [
        (1, "sound-1.mp4", "video/mp4"), (2, "sound-2.mp4", "video/mp4"),
    ]  # fmt: skip
    job = http.get(f"/v1/jobs/{asked.id}").json()
    files = [http.get(file["url"]).content for file in job["artifacts"]]
    assert files[0] != files[1]
    assert openai.videos.download_content(asked.id).content == files[0]
    for number, content in enumerate(files, 1):
        given = openai.videos.download_content(asked.id, extra_query={"sample": number})
        assert given.content == content
    with pytest.raises(UnprocessableEntityError, match=f"sample is 3, and {asked.id} has 2 samples"):
        openai.videos.download_content(asked.id, extra_query={"sample": 3})
    with pytest.raises(UnprocessableEntityError, match="there is no input 'size'"):
        openai.videos.create(model=FOLEY, prompt="rain", size="1280x720")


def lasting(http: httpx.Client, **given: object) -> tuple[float, list[str]]:
    """How long the sound is for a file, beside a length that clients send anyway, and the notes on lengths."""
    asked = http.post("/v1/videos", json={"model": FOLEY, "prompt": "x", "seconds": "8", **given, **FAST})
    assert asked.status_code == 200, asked.text
    job = until(http, asked.json()["id"], seconds=60)
    assert job["status"] == "succeeded", job["error"]
    return job["output"]["length_s"], [note for note in job["output"]["notes"] if "seconds" in note]


@pytest.mark.parametrize("name", ["input_reference", "video_reference"])
def test_a_length_that_clients_send_anyway_gives_way_to_that_of_a_video(
    http: httpx.Client, tmp_path: Path, name: str
) -> None:
    clip = sent(http, video(tmp_path / "in.mp4", frames=20))
    note = "seconds is 8, and is not looked at: a video has its own length"
    assert lasting(http, **{name: clip}) == (0.8, [note])


def test_what_an_address_leads_to_is_known_when_it_is_fetched(http: httpx.Client, tmp_path: Path) -> None:
    video(tmp_path / "in.mp4", frames=20)
    write_image(tmp_path / "in.png", picture(0))
    with hosted(tmp_path) as address:
        for reference in (f"{address}/in.mp4", {"image_url": f"{address}/in.mp4"}):
            assert lasting(http, input_reference=reference)[0] == 0.8
        assert lasting(http, input_reference=f"{address}/in.png") == (8, [])


@pytest.mark.parametrize("given", ["upload_none", "upload_\ud800", 5, {"file_id": "upload_none"}, None], ids=ascii)
def test_what_is_no_file_is_refused_beside_a_length_too(http: httpx.Client, given: Any) -> None:
    said = json.dumps({"model": FOLEY, "seconds": "8", "input_reference": given, **FAST})
    refused = http.post("/v1/videos", content=said, headers={"Content-Type": "application/json"})
    assert refused.status_code == 422, refused.text


def test_openai_s_client_asks_for_the_sound_of_words(openai: OpenAI) -> None:
    """Where there is no video, the seconds are those that are asked for."""
    asked = openai.videos.create(model=FOLEY, prompt="rain", seconds="1", extra_body={"extra_params": FAST})  # type: ignore[arg-type]  # their service has few lengths
    made = openai.videos.poll(asked.id, poll_interval_ms=50)
    assert (made.status, made.seconds) == ("completed", "1.0")
    assert openai.videos.download_content(asked.id).content.startswith(b"RIFF")


def test_a_worker_that_is_killed_in_the_midst_costs_no_sound(
    server: RunningServer, http: httpx.Client, marks: Path
) -> None:
    """The job is done again, and its sound is that of one which nobody disturbed."""
    calm = sound_of(http, done(http, WORDS))
    job_id = post_job(http, HELD, WORDS)["id"]
    eventually((marks / "sampling").exists, "a step at which it waits")
    server.worker.kill()
    (marks / "go").touch()
    job = until(http, job_id, seconds=60)
    assert (job["status"], job["attempts"]) == ("succeeded", 2), job["error"]
    assert sound_of(http, job) == calm
    assert [event["kind"] for event in told(http, job_id)].count("requeued") == 1
    assert server.under_way == []


def test_a_job_that_is_cancelled_stops_at_the_step_it_is_at(
    server: RunningServer, http: httpx.Client, marks: Path
) -> None:
    job_id = post_job(http, HELD, WORDS)["id"]
    eventually((marks / "sampling").exists, "a step at which it waits")
    http.post(f"/v1/jobs/{job_id}/cancel")
    job = until(http, job_id, seconds=60)
    assert (job["status"], job["artifacts"]) == ("cancelled", [])
    steps = [event["done"] for event in told(http, job_id) if event.get("stage") == "sampling"]
    assert max(steps, default=0) <= HELD_AT
    # The worker lives, and does the next one; nothing is left of this one.
    (marks / "go").touch()
    assert done(http, WORDS, HELD)["attempts"] == 1
    assert server.under_way == []


def test_where_memory_runs_out_less_is_taken_for_the_same_sound(http: httpx.Client) -> None:
    calm, narrow = done(http, WORDS), done(http, WORDS, NARROW)
    assert narrow["output"]["samples"] == calm["output"]["samples"]
    assert sound_of(http, narrow) == sound_of(http, calm)
    plans = [event["data"] for event in told(http, narrow["id"]) if event["kind"] == "plan"]
    assert len(plans) == 2


def test_that_memory_ran_out_is_said_where_less_does_not_do(http: httpx.Client) -> None:
    job = until(http, post_job(http, CRAMPED, WORDS)["id"], seconds=60)
    assert (job["status"], job["error"]["code"]) == ("failed", "out-of-memory")
    assert "ran out of memory, and a smaller plan did not help" in job["error"]["message"]


def test_the_document_says_what_is_taken(http: httpx.Client) -> None:
    document = http.get("/openapi.json").json()
    assert FOLEY in document["components"]["schemas"]["VideoBody"]["properties"]["model"]["enum"]
    inputs = document["paths"][f"/v1/models/{FOLEY}/generate"]["post"]["requestBody"]["content"]["application/json"]
    declared = document["components"]["schemas"][inputs["schema"]["$ref"].rpartition("/")[2]]["properties"]
    assert declared["video"]["format"] == "video-or-image"
    assert (declared["samples"]["minimum"], declared["samples"]["maximum"]) == (1, 6)
    content = document["paths"]["/v1/videos/{video_id}/content"]["get"]
    assert "sample" in {parameter["name"] for parameter in content["parameters"]}


def test_runpod_s_words_give_links_to_all_samples(http: httpx.Client) -> None:
    given = http.post(f"/v2/{FOLEY}/run", json={"input": {**WORDS, "samples": 2}}).json()
    until(http, given["id"], seconds=60)
    shown = http.get(f"/v2/{FOLEY}/status/{given['id']}").json()
    assert shown["status"] == "COMPLETED"
    files = shown["output"]["files"]
    assert [file["name"] for file in files] == ["sound-1.wav", "sound-2.wav"]
    with contextlib.closing(http.get(files[1]["url"])) as sound:
        assert sound.content.startswith(b"RIFF")
