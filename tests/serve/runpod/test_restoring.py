"""A video is restored by a worker of the platform: its plan while it works, its preview and its result as links."""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serve.restoring import a_clip
from tests.serve.runpod.bucket import Bucket
from tests.serve.runpod.holding import inline
from tests.serve.runpod.platform import Platform, wait_for
from tests.serve.runpod.worker import Worker


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A video within the input itself."""
    path = a_clip(tmp_path_factory.mktemp("clip") / "clip.webm")
    return inline("video/webm", path)


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with Bucket() as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That of the worker, where the mark is made."""
    return tmp_path_factory.mktemp("restorer")


@pytest.fixture(scope="module")
def platform(bucket: Bucket, folder: Path) -> Iterator[Platform]:
    env = {**bucket.environment(), "GREENROOM_MAX_MEGAPIXELS": "1"}
    with Platform() as platform, Worker(platform, "Restorer", folder, **env) as worker:
        yield platform
        worker.stop()
        assert worker.wait() == 0
        assert platform.wrong == []


def test_the_plan_and_a_preview_come_before_the_result(platform: Platform, folder: Path, clip: str) -> None:
    job = platform.run({"source": clip, "height": 108, "hold": True})
    wait_for(lambda: any("preview" in said.get("told", {}) for _, said in job.progress))
    told = job.progress[-1][1]["told"]
    assert (told["plan"]["width"], told["plan"]["height"], told["plan"]["shots"]) == (192, 108, 2)
    assert told["preview"]["name"] == "preview.png"
    with urllib.request.urlopen(told["preview"]["url"]) as answer:
        assert answer.read().startswith(b"\x89PNG")
    assert job.progress[-1][1]["stage"] in ("restoring", "decoding")
    (folder / "open").touch()
    wait_for(lambda: job.final)
    assert job.status == "COMPLETED"
    made = job.output["artifacts"]
    assert [(file["name"], file["media_type"]) for file in made] == [
        ("restored.mp4", "video/mp4"), ("preview.png", "image/png"),
    ]  # fmt: skip
    assert b"ftyp" in base64.b64decode(made[0]["data"])[:16]
    assert job.output["output"]["after"] == [192, 108]


def test_a_result_beyond_the_limit_is_refused_with_it(platform: Platform, clip: str) -> None:
    job = platform.run({"source": clip, "height": 1080})
    wait_for(lambda: job.final)
    assert job.error is not None
    said = json.loads(job.error)
    assert said["message"] == "a picture of the result would have 2,073,600 pixels, from 96 x 54"
    assert said["mend"] == "ask for a smaller one, of 1,000,000 pixels or fewer"
    assert said["code"] == "media-invalid"


def test_without_a_store_nothing_is_shown_and_the_plan_still_is(clip: str, tmp_path: Path) -> None:
    with Platform() as platform, Worker(platform, "Restorer", tmp_path):
        job = platform.run({"source": clip, "hold": True})
        wait_for(lambda: any(said.get("stage") == "restoring" for _, said in job.progress))
        (tmp_path / "open").touch()
        wait_for(lambda: job.final)
        assert job.status == "COMPLETED"
        assert all(set(said["told"]) == {"plan"} for _, said in job.progress if "told" in said)
