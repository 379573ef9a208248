"""Sounds for a video by a worker of the platform: several results, inline or as links. The model is a tiny one."""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from greenroom.media.video.facts import read_facts
from greenroom.media.video.images import write_image
from tests.media.video.clips import picture, planes_of, video
from tests.serve.hosting import hosted
from tests.serve.runpod.holding import holding, inline
from tests.serve.runpod.platform import Platform, wait_for
from tests.serve.sounding import FAST, HELD


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That of the worker, and of the files that are fetched by their address."""
    return tmp_path_factory.mktemp("foley")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """Of the files."""
    with hosted(folder) as found:
        yield found


@pytest.fixture(scope="module")
def platform(folder: Path) -> Iterator[Platform]:
    with holding(HELD, folder) as begun:
        yield begun


def noise(number: int) -> NDArray[np.uint8]:
    return np.random.default_rng(number).integers(0, 256, (480, 640, 3), np.uint8)


def test_small_sounds_come_within_the_answer(platform: Platform, tmp_path: Path) -> None:
    clip = video(tmp_path / "in.mp4", frames=20)
    job = platform.run({"video": inline("video/mp4", clip), "prompt": "steps", "samples": 2, "wav": True, **FAST})
    wait_for(lambda: job.final)
    assert job.status == "COMPLETED", job.error
    made = job.output["artifacts"]
    assert [(file["name"], file["media_type"]) for file in made] == [
        ("sound-1.mp4", "video/mp4"), ("sound-2.mp4", "video/mp4"), ("sound-1.wav", "audio/wav"),
        ("sound-2.wav", "audio/wav"),
    ]  # fmt: skip
    assert [sample["file"] for sample in job.output["output"]["samples"]] == ["sound-1.mp4", "sound-2.mp4"]
    assert job.output["output"]["terms"][0].startswith("territory: ")
    (tmp_path / "made.mp4").write_bytes(base64.b64decode(made[1]["data"]))
    assert planes_of(tmp_path / "made.mp4") == planes_of(clip)
    assert made[0]["sha256"] != made[1]["sha256"]


def test_large_ones_are_links_and_what_was_made_alone_is_inline(
    platform: Platform, folder: Path, address: str, tmp_path: Path
) -> None:
    """Its pictures are copied: what is large comes by its address and goes into the bucket."""
    large = video(folder / "large.mp4", frames=20, size=(640, 480), draw=noise, options={"qp": "0"})
    assert large.stat().st_size > 7_500_000
    job = platform.run({"video": f"{address}/large.mp4", "prompt": "rain", "samples": 2, "wav": True, **FAST})
    wait_for(lambda: job.final)
    assert job.status == "COMPLETED", job.error
    links, sounds = job.output["artifacts"][:2], job.output["artifacts"][2:]
    assert all("url" in file and "expires_at" in file and "data" not in file for file in links)
    assert all(base64.b64decode(file["data"]).startswith(b"RIFF") for file in sounds)
    with urllib.request.urlopen(links[1]["url"]) as answer:
        (tmp_path / "made.mp4").write_bytes(answer.read())
    assert [track.kind for track in read_facts(tmp_path / "made.mp4").tracks] == ["audio"]


def test_a_picture_and_words_become_sound(platform: Platform, tmp_path: Path) -> None:
    write_image(tmp_path / "photo.png", picture(0))
    asked: dict[str, Any] = {"prompt": "wind", "seconds": 0.7, **FAST}
    jobs = [platform.run(asked), platform.run({**asked, "video": inline("image/png", tmp_path / "photo.png")})]
    wait_for(lambda: all(job.final for job in jobs))
    assert [job.output["output"]["source"] for job in jobs] == ["words", "picture"]
    assert [job.output["artifacts"][0]["name"] for job in jobs] == ["sound.wav"] * 2


def test_what_is_refused_says_why(platform: Platform, tmp_path: Path) -> None:
    short = inline("video/mp4", video(tmp_path / "in.mp4", frames=5))
    jobs = [platform.run({"video": short, **FAST}), platform.run(FAST), platform.run({"prompt": "x", "steps": 5})]
    wait_for(lambda: all(job.final for job in jobs))
    said = [json.loads(str(job.error)) for job in jobs]
    assert [error["code"] for error in said] == ["clip-too-short", "input-invalid", "input-invalid"]
    assert "there is no video" in said[1]["message"]
    assert str(tmp_path) not in json.dumps(said)


def test_the_plan_and_the_step_are_told_and_a_cancel_is_heard_there(platform: Platform, folder: Path) -> None:
    for mark in ("go", "sampling"):
        (folder / mark).unlink(missing_ok=True)
    job = platform.run({"prompt": "rain", "seconds": 0.7, **FAST})
    wait_for(lambda: any(said.get("stage") == "sampling" for _, said in job.progress))
    told = job.progress[-1][1]
    assert (told["done"], told["total"]) == (3, 10)
    assert (told["told"]["plan"]["samples"], told["told"]["plan"]["device"]) == (1, "cpu")
    platform.cancel(job)
    after = platform.run({"prompt": "rain", "seconds": 0.7, **FAST})
    # It is at work only when the cancelled one has let go of the device.
    wait_for(lambda: any(said.get("stage") == "sampling" for _, said in after.progress))
    (folder / "go").touch()
    wait_for(lambda: after.final)
    assert after.status == "COMPLETED", after.error
    assert (job.status, job.results) == ("CANCELLED", [])
