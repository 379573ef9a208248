"""People in pictures moved by a worker of the platform: a preview, a clip, a cancel. The model is a tiny one."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from greenroom.media.video.facts import read_facts
from tests.models.steadydancer.tiny import driver_file, picture_file
from tests.serve.animating import FAST, HELD, HELD_AT
from tests.serve.hosting import hosted
from tests.serve.runpod.holding import holding, inline
from tests.serve.runpod.platform import Platform, wait_for


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That of the worker, and of the files that are fetched by their address."""
    return tmp_path_factory.mktemp("dancer")


@pytest.fixture(scope="module")
def platform(folder: Path) -> Iterator[Platform]:
    with holding(HELD, folder) as begun:
        yield begun


@pytest.fixture
def asked(tmp_path: Path) -> dict[str, Any]:
    """A clip of 9 frames, its files inline."""
    return {
        "picture": inline("image/png", picture_file(tmp_path / "me.png")),
        "video": inline("video/mp4", driver_file(tmp_path / "dance.mp4")),
        "prompt": "a person dances",
        "seed": 3,
        **FAST,
    }


def test_a_clip_and_its_preview_come_within_the_answer(
    platform: Platform, asked: dict[str, Any], tmp_path: Path
) -> None:
    job = platform.run(asked)
    wait_for(lambda: job.final)
    assert job.status == "COMPLETED", job.error
    made = job.output["artifacts"]
    assert [(file["name"], file["media_type"]) for file in made] == [
        ("clip.mp4", "video/mp4"), ("preview.png", "image/png"),
    ]  # fmt: skip
    (tmp_path / "made.mp4").write_bytes(base64.b64decode(made[0]["data"]))
    assert read_facts(tmp_path / "made.mp4").frames == 9
    assert (job.output["output"]["seed"], job.output["output"]["passes"]) == (3, 22)


def test_files_come_by_their_addresses_and_a_preview_says_what_may_go_wrong(
    platform: Platform, folder: Path, asked: dict[str, Any]
) -> None:
    driver_file(folder / "two.mp4", 0, 1)
    with hosted(folder) as address:
        job = platform.run({**asked, "video": f"{address}/two.mp4", "preview": True})
        wait_for(lambda: job.final)
    assert job.status == "COMPLETED", job.error
    assert job.output["artifacts"][0]["name"] == "preview.png"
    assert "several-people" in {one["code"] for one in job.output["output"]["findings"]}


def test_what_is_refused_says_why(platform: Platform, asked: dict[str, Any], tmp_path: Path) -> None:
    empty = inline("image/png", picture_file(tmp_path / "empty.png", 7))
    jobs = [platform.run({**asked, "picture": empty}), platform.run({**asked, "frames": 80})]
    wait_for(lambda: all(job.final for job in jobs))
    said = [json.loads(str(job.error)) for job in jobs]
    assert [error["code"] for error in said] == ["nobody-found", "input-invalid"]
    assert str(tmp_path) not in json.dumps(said)


def test_the_plan_and_the_step_are_told_and_a_cancel_is_heard_there(
    platform: Platform, folder: Path, asked: dict[str, Any]
) -> None:
    for mark in ("go", "sampling"):
        (folder / mark).unlink(missing_ok=True)
    job = platform.run(asked)
    # Not every step is told, but the one at which it waits is.
    wait_for(lambda: any((said.get("stage"), said.get("done")) == ("sampling", HELD_AT) for _, said in job.progress))
    told = job.progress[-1][1]
    assert (told["stage"], told["done"], told["total"]) == ("sampling", HELD_AT, 22)
    assert (told["told"]["plan"]["passes"], told["told"]["plan"]["device"]) == (22, "cpu")
    platform.cancel(job)
    after = platform.run(asked)
    wait_for(lambda: any(said.get("stage") == "sampling" for _, said in after.progress))
    (folder / "go").touch()
    wait_for(lambda: after.final)
    assert after.status == "COMPLETED", after.error
    assert (job.status, job.results) == ("CANCELLED", [])
