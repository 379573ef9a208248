"""Jobs through the unmodified SDK: each done once, well or badly, in words; stopped ones stop."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.serve.runpod.platform import Job, Platform, wait_for
from tests.serve.runpod.worker import Worker


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform with a worker that sleeps step by step and takes five jobs at once."""
    folder = tmp_path_factory.mktemp("sleeper")
    with Platform() as platform, Worker(platform, "Sleeper", folder, GREENROOM_RUNPOD_CONCURRENCY="5") as worker:
        wait_for(lambda: platform.takes)
        yield platform
        worker.stop()
        assert worker.wait() == 0
        assert platform.wrong == []
        assert '"requestId": "job-1-u1"' in worker.log
        assert "Traceback" not in worker.log
        assert all(result not in worker.log for result in ("slept.txt", "c3RlcHM"))


def sleep(platform: Platform, **given: Any) -> Job:
    return platform.run({"steps": 3, "step_s": 0.05, **given})


def test_many_jobs_at_once_are_each_done_once(platform: Platform) -> None:
    jobs = [sleep(platform, label=str(number)) for number in range(12)]
    wait_for(lambda: all(job.final for job in jobs))
    assert [job.status for job in jobs] == ["COMPLETED"] * 12
    assert [job.output["output"]["label"] for job in jobs] == [str(number) for number in range(12)]
    assert {len(job.results) for job in jobs} == {1}
    assert len({job.output["output"]["pid"] for job in jobs}) == 1
    assert {job.streamed for job in jobs} == {"false"}
    assert any(batch > 1 for _, batch, _ in platform.takes)
    assert any(busy == "1" for _, _, busy in platform.takes)


@pytest.mark.parametrize("given", [{"stepz": 3}, {"steps": 0}, "steps", None, {"steps": 1, "stream": True}])
def test_bad_input_fails_in_words(platform: Platform, given: Any) -> None:
    job = platform.run(given)
    wait_for(lambda: job.final)
    assert (job.status, job.output) == ("FAILED", None)
    assert job.error
    said = json.loads(job.error)
    assert set(said) == {"code", "message", "mend", "retryable"}
    assert said["mend"]
    assert not said["retryable"]
    assert "Traceback" not in job.error
    assert ".py" not in job.error


def test_progress_is_in_order_once_a_second_and_never_after_the_result(platform: Platform) -> None:
    job = sleep(platform, steps=60)
    wait_for(lambda: job.final)
    assert len(job.progress) >= 2
    assert all(later - sooner > 0.9 for (sooner, _), (later, _) in itertools.pairwise(job.progress))
    done = [said["done"] for _, said in job.progress]
    assert done == sorted(done)
    assert job.progress[-1][0] < job.done_at
    assert job.progress[0][1]["stage"] == "sleeping"
    assert job.late == []
    assert job.status == "COMPLETED"


def test_a_stopped_job_frees_the_device_within_a_step(platform: Platform) -> None:
    long = sleep(platform, steps=2000)
    wait_for(lambda: long.progress)
    behind = sleep(platform, steps=1)
    platform.cancel(long)
    wait_for(lambda: behind.final, timeout_s=5)
    assert behind.status == "COMPLETED"
    assert (long.status, long.results) == ("CANCELLED", [])


def test_no_jobs_and_flashboot_s_refusals_are_no_failures(platform: Platform) -> None:
    platform.replies.extend([204, 400, 500])
    job = sleep(platform)
    wait_for(lambda: job.final)
    assert job.status == "COMPLETED"


def test_a_result_that_is_refused_is_sent_again(platform: Platform) -> None:
    platform.refuse_results = 1
    job = sleep(platform)
    wait_for(lambda: job.final)
    assert (job.status, len(job.results)) == ("COMPLETED", 1)


def test_a_job_that_is_handed_out_again_is_answered_without_doing_it_again(platform: Platform) -> None:
    first = sleep(platform, steps=20)
    wait_for(lambda: first.final)
    again = platform.run(first.input, job_id=first.id)
    wait_for(lambda: again.final)
    assert again.output == first.output
    assert again.done_at - again.taken_at < 0.8


def test_the_platform_hears_which_jobs_run(platform: Platform) -> None:
    job = sleep(platform, steps=30)
    wait_for(lambda: any(ping.get("job_id") == job.id for ping in platform.pings))
    wait_for(lambda: job.final)


def test_too_many_requests_make_the_worker_wait(platform: Platform) -> None:
    platform.replies.append(429)
    wait_for(lambda: not platform.replies)
    job = sleep(platform)
    wait_for(lambda: job.final)
    assert job.status == "COMPLETED"
