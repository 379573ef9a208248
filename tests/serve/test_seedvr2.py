"""Restoration over HTTP, by the real model of tiny networks: its plan, its preview, its parts, its file."""

from __future__ import annotations

import functools
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from greenroom.jobs.job import EVENT_KINDS
from greenroom.locks import hold
from tests.models.seedvr2.restorers import CUT, a_clip, drawn, pixels_of, two_shots
from tests.serve.routes.asking import eventually, post_job, sent, told, until, until_at_work
from tests.serve.servers import MODELS, RunningServer, running_server, start_server

TINY, WAITING = "tests.models.seedvr2.tiny:TinySeedVR2", "tests.serve.waiting_seedvr2:WaitingSeedVR2"
SLEEPER = f"{MODELS}:Sleeper"
# Each frame by itself and as it is, so that pixels can be compared.
ASKED: dict[str, Any] = {"height": 48, "format": "mkv", "codec": "ffv1", "seed": 3}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return two_shots(tmp_path_factory.mktemp("clip") / "clip.mkv")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("seedvr2"), TINY, "Sleeper") as running:
        yield running


@pytest.fixture
def http(server: RunningServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


def test_a_video_is_restored_with_its_plan_told_first(http: httpx.Client, clip: Path, tmp_path: Path) -> None:
    job = until(http, post_job(http, TINY, {"source": sent(http, clip), **ASKED})["id"], seconds=60)
    assert job["status"] == "succeeded", job["error"]
    assert job["timeout_s"] == 86_400
    events = told(http, job["id"])
    plan = next(event["data"] for event in events if event["kind"] not in EVENT_KINDS)
    assert (plan["height"], plan["width"], plan["frames"], plan["shots"]) == (48, 48, 2 * CUT, 2)
    assert plan["bytes"] > 0
    # Before any work of the networks, all of it is known.
    kinds = [event.get("stage", event["kind"]) for event in events]
    assert kinds.index("plan") < min(
        kinds.index(stage) for stage in ("encoding", "restoring", "decoding", "preview") if stage in kinds
    )
    # One bar for all of it, whose stages alternate.
    shares = [event["share"] for event in events if event["kind"] == "progress"]
    assert shares == sorted(shares)
    assert all(event["fraction"] == event["share"] for event in events if event["kind"] == "progress")
    assert [file["name"] for file in job["artifacts"]] == ["restored.mkv", "preview.png"]
    assert [shown["name"] for shown in job["previews"]] == ["preview.png"]
    made = tmp_path / "restored.mkv"
    made.write_bytes(http.get(job["artifacts"][0]["url"]).content)
    assert pixels_of(made).shape == (2 * CUT, 48, 48, 3)
    video = http.get(f"/v1/videos/{job['id']}").json()
    assert (video["status"], video["size"]) == ("completed", "48x48")
    assert float(video["seconds"]) == pytest.approx(2 * CUT / 24, abs=1.0)


def test_a_picture_is_restored(http: httpx.Client, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    with av.open(str(picture), "w", format="image2") as out:
        stream = out.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "rgb24"
        out.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((32, 32, 3), 90, np.uint8), format="rgb24")))
        out.mux(stream.encode(None))
    job = until(http, post_job(http, TINY, {"source": sent(http, picture), "scale": 1.5})["id"], seconds=60)
    assert job["status"] == "succeeded", job["error"]
    assert job["artifacts"][0]["media_type"] == "image/png"
    with av.open(io.BytesIO(http.get(job["artifacts"][0]["url"]).content), "r") as opened:
        assert (opened.streams.video[0].width, opened.streams.video[0].height) == (48, 48)


def test_what_stands_in_the_way_of_a_restoration_is_no_fault_of_its_own_and_no_place_is_told(
    server: RunningServer, http: httpx.Client, clip: Path
) -> None:
    """Another process holds the finished parts, for a while; then their place is no folder."""
    source = sent(http, clip)
    for way in ("held", "no folder"):
        # The device has something else to do until all is in the way.
        server.mark.unlink(missing_ok=True)
        first = post_job(http, SLEEPER, {"steps": 100_000, "to_mark": True})["id"]
        until_at_work(http, first)
        job_id = post_job(http, TINY, {"source": source, **ASKED}, max_attempts=1)["id"]
        kept = server.data / "kept" / f"{job_id}-before"
        kept.mkdir(parents=True)
        if way == "held":
            (kept / "parts").mkdir()
            lock = hold(kept / "parts" / "lock")
            server.mark.touch()
            eventually(functools.partial(was_put_back, http, job_id), "it is put back")
            os.close(lock)
            job = until(http, job_id, seconds=60)
            assert (job["status"], job["attempts"]) == ("succeeded", 1)
            reasons = [event["reason"]["code"] for event in told(http, job_id) if event["kind"] == "requeued"]
            assert set(reasons) == {"restoration-running"}
        else:
            (kept / "parts").write_text("in the way")
            server.mark.touch()
            job = until(http, job_id, seconds=60)
            assert job["status"] == "failed"
        said = json.dumps([job, *told(http, job_id)])
        assert str(server.folder) not in said
        assert "/kept/" not in said
        assert "/parts" not in said
        until(http, first, seconds=60)
        http.delete(f"/v1/jobs/{job_id}")


def was_put_back(http: httpx.Client, job_id: str) -> bool:
    """Whether a job waits that has been begun before."""
    job = http.get(f"/v1/jobs/{job_id}").json()
    return job["status"] == "queued" and job["started_at"] is not None


def many_shots(path: Path) -> Path:
    """Five of them: when the first is finished, others are not."""

    def draw(number: int) -> NDArray[np.uint8]:
        return drawn(number, 20) if number // CUT % 2 else drawn(number, 180)[::-1]

    return a_clip(path, 5 * CUT, codec="ffv1", pixel_format="bgr0", draw=draw)


def test_a_server_that_is_killed_goes_on_behind_the_finished_shots(server: RunningServer, tmp_path: Path) -> None:
    """And the pixels are those of a job that nobody disturbed."""
    clip = many_shots(tmp_path / "clip.mkv")
    with server.client() as http:
        calm = until(http, post_job(http, TINY, {"source": sent(http, clip), **ASKED})["id"], seconds=60)
        (tmp_path / "calm.mkv").write_bytes(http.get(calm["artifacts"][0]["url"]).content)
    first = start_server(tmp_path / "killed", WAITING)
    with first.client() as http:
        job_id = post_job(http, WAITING, {"source": sent(http, clip), **ASKED})["id"]
    kept = first.data / "kept"
    eventually(lambda: list(kept.glob(f"{job_id}-*/parts/[0-9]*-[0-9]*.*")), "a shot is finished")
    first.kill()
    first.mark.touch()
    with running_server(tmp_path / "killed", WAITING) as again, again.client() as http:
        job = until(http, job_id, seconds=60)
        assert job["status"] == "succeeded", job["error"]
        assert job["attempts"] == 1
        assert job["output"]["resumed"] >= 1
        (tmp_path / "again.mkv").write_bytes(http.get(job["artifacts"][0]["url"]).content)
        eventually(lambda: not list((again.data / "kept").iterdir()), "a job has ended before its folder is removed")
    assert np.array_equal(pixels_of(tmp_path / "again.mkv"), pixels_of(tmp_path / "calm.mkv"))
