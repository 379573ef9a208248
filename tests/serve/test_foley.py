"""Sound for videos over HTTP, by the real model of tiny networks: its files, its facts, its refusals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from greenroom.media.video.facts import read_facts
from tests.media.video.clips import video
from tests.serve.routes.asking import post_job, until
from tests.serve.servers import RunningServer, running_server

TINY = "tests.models.foley.tiny:TinyFoley"
FAST: dict[str, Any] = {"steps": 10, "guidance": 1}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("foley"), TINY) as running:
        yield running


@pytest.fixture
def http(server: RunningServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


def sent(http: httpx.Client, path: Path) -> str:
    """The id of a file that was uploaded."""
    with path.open("rb") as file:
        return str(http.post("/v1/uploads", files={"file": file}).json()["id"])


def test_a_video_gets_sounds_to_choose_from(http: httpx.Client, tmp_path: Path) -> None:
    clip = sent(http, video(tmp_path / "in.mp4", frames=20))
    asked = {"video": clip, "prompt": "rain " * 100, "samples": 2, "wav": True, **FAST}
    job = until(http, post_job(http, TINY, asked)["id"], seconds=60)
    assert job["status"] == "succeeded", job["error"]
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


def test_words_alone_become_sound(http: httpx.Client) -> None:
    job = until(http, post_job(http, TINY, {"prompt": "rain", "seconds": 0.7, **FAST})["id"], seconds=60)
    assert job["status"] == "succeeded", job["error"]
    assert [file["name"] for file in job["artifacts"]] == ["sound.wav"]
    assert job["output"]["length_s"] == 0.7


def test_what_cannot_be_is_refused_and_what_fails_is_named(http: httpx.Client, tmp_path: Path) -> None:
    refused = http.post("/v1/jobs", json={"model": TINY, "input": FAST})
    assert refused.status_code in (400, 422)
    assert "there is no video" in refused.text
    short = sent(http, video(tmp_path / "in.mp4", frames=5))
    job = until(http, post_job(http, TINY, {"video": short, "prompt": "x", **FAST})["id"], seconds=60)
    assert job["status"] == "failed"
    assert job["error"]["code"] == "clip-too-short"
    assert job["attempts"] == 1
    assert job["artifacts"] == []
