"""How a worker begins and ends: never with a model that is not there, never in the middle of a job."""

from __future__ import annotations

import json
import time
from pathlib import Path

from tests.serve.runpod.bucket import Bucket
from tests.serve.runpod.platform import Platform, wait_for
from tests.serve.runpod.worker import Worker

# As long as it takes until the mark ``open`` is there.
HELD = {"steps": 1_000_000, "step_s": 0.05, "to_mark": True}


def test_told_to_stop_it_finishes_what_runs_and_what_its_last_poll_brings(tmp_path: Path) -> None:
    """The SDK waits for its poll when it stops, and leaves the jobs that it brings."""
    more = {"RUNPOD_LOG_LEVEL": "DEBUG", "GREENROOM_RUNPOD_CONCURRENCY": "2"}
    with Platform(poll_s=60.0) as platform, Worker(platform, "Sleeper", tmp_path, **more) as worker:
        running = platform.run(HELD)
        wait_for(lambda: running.progress and len(platform.takes) == 2)
        worker.stop()
        wait_for(lambda: "Received shutdown signal" in worker.log)
        assert not running.final
        (tmp_path / "open").touch()
        wait_for(lambda: running.final)
        time.sleep(0.3)  # nothing runs, so the SDK has ended its loop of running jobs
        late = platform.run({"steps": 3, "step_s": 0.05})
        wait_for(lambda: late.taken_at)
        platform.poll_s = 0.5  # it waits for that for stops as well
        assert worker.wait() == 0
        assert [(job.status, len(job.results)) for job in (running, late)] == [("COMPLETED", 1)] * 2
        assert "Traceback" not in worker.log


def test_a_model_that_does_not_load_takes_no_job_and_says_why(tmp_path: Path) -> None:
    with Platform() as platform, Worker(platform, "BadLoad", tmp_path) as worker:
        job = platform.run({})
        assert worker.wait() == 1
        assert (platform.takes, job.status) == ([], "IN_QUEUE")
        assert "the weights are not there" in worker.log
        (ping,) = platform.pings
        assert (ping["status"], ping["check"]) == ("unhealthy", "model_is_warm")
        assert "the weights are not there" in ping["reason"]


def test_a_store_that_takes_nothing_takes_no_job(tmp_path: Path) -> None:
    with (
        Bucket(refuse=True) as bucket,
        Platform() as platform,
        Worker(platform, "Noop", tmp_path, **bucket.environment()) as worker,
    ):
        assert worker.wait() == 1
        assert platform.takes == []
        (ping,) = platform.pings
        assert ping["check"] == "store_takes_results"
        assert "secret-of-the-bucket" not in worker.log


def test_a_crash_is_said_and_the_next_job_is_done(tmp_path: Path) -> None:
    with Platform() as platform, Worker(platform, "Crasher", tmp_path, GREENROOM_RUNPOD_CONCURRENCY="2"):
        first, second = platform.run({"times": 1}), platform.run({"times": 1})
        wait_for(lambda: first.final and second.final)
    assert (first.status, second.status) == ("FAILED", "COMPLETED")
    assert first.error
    said = json.loads(first.error)
    assert (said["code"], said["retryable"]) == ("worker-crashed", True)


def test_a_lost_device_stops_the_machine(tmp_path: Path) -> None:
    with Platform() as platform, Worker(platform, "StickyCuda", tmp_path) as worker:
        job = platform.run({})
        wait_for(lambda: job.final)
        assert worker.wait() == 0
    assert job.error
    assert json.loads(job.error)["code"] == "device-lost"
    assert job.results[0]["stopPod"] is True


def test_a_large_result_is_a_link(tmp_path: Path) -> None:
    with (
        Bucket() as bucket,
        Platform() as platform,
        Worker(platform, "NoopFile", tmp_path, **bucket.environment()),
    ):
        large, small = platform.run({"size": 12_000_000}), platform.run({"size": 10})
        wait_for(lambda: large.final and small.final)
        (link,), (inline,) = large.output["artifacts"], small.output["artifacts"]
        assert link["url"].startswith(f"{bucket.endpoint}/results/{large.id}/zeros.bin?")
        assert bucket.objects[f"/results/{large.id}/zeros.bin"] == bytes(12_000_000)
        assert "data" in inline
