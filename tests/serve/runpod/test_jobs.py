"""Jobs through the unmodified SDK: each done once, well or badly, in words; stopped ones stop."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serve.runpod.platform import Job, Platform, wait_for
from tests.serve.runpod.worker import Worker

# As long as it takes until the mark is there.
HELD = {"steps": 1_000_000, "to_mark": True}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That of the worker."""
    return tmp_path_factory.mktemp("sleeper")


@pytest.fixture
def mark(folder: Path) -> Iterator[Path]:
    """What lets jobs end that are held; it is not there yet."""
    path = folder / "open"
    path.unlink(missing_ok=True)
    yield path
    path.touch()


@pytest.fixture(scope="module")
def platform(folder: Path) -> Iterator[Platform]:
    """A platform with a worker that sleeps step by step and takes five jobs at once."""
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


def test_many_jobs_at_once_are_each_done_once(platform: Platform, mark: Path) -> None:
    held = sleep(platform, **HELD)
    wait_for(lambda: any(busy == "1" for _, _, busy in platform.takes))  # it asks for more meanwhile
    jobs = [sleep(platform, label=str(number)) for number in range(12)]
    mark.touch()
    wait_for(lambda: all(job.final for job in (held, *jobs)))
    assert [job.status for job in jobs] == ["COMPLETED"] * 12
    assert [job.output["output"]["label"] for job in jobs] == [str(number) for number in range(12)]
    assert {len(job.results) for job in jobs} == {1}
    assert len({job.output["output"]["pid"] for job in jobs}) == 1
    assert {job.streamed for job in jobs} == {"false"}
    assert any(batch > 1 for _, batch, _ in platform.takes)


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


def test_progress_is_in_order_once_a_second_and_never_after_the_result(platform: Platform, mark: Path) -> None:
    job = sleep(platform, **HELD)
    wait_for(lambda: len(job.progress) >= 2)
    mark.touch()
    wait_for(lambda: job.final)
    # Between two of them may be less than a second when the first was late; in all there are no more than seconds.
    assert len(job.progress) <= job.done_at - job.taken_at
    done = [said["done"] for _, said in job.progress]
    assert done == sorted(done)
    assert job.progress[-1][0] < job.done_at
    assert job.progress[0][1]["stage"] == "sleeping"
    assert job.late == []
    assert job.status == "COMPLETED"


def test_a_stopped_job_frees_the_device_within_a_step(platform: Platform, mark: Path) -> None:
    before = sleep(platform, steps=1)
    wait_for(lambda: before.final)
    long = sleep(platform, **HELD)
    wait_for(lambda: long.progress)
    behind = sleep(platform, steps=1)
    platform.cancel(long)
    wait_for(lambda: behind.final)
    assert behind.status == "COMPLETED"
    # A process that does not heed its stop would have been killed.
    assert behind.output["output"]["pid"] == before.output["output"]["pid"]
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


def test_a_job_that_is_handed_out_again_is_answered_without_doing_it_again(platform: Platform, mark: Path) -> None:
    mark.touch()
    first = sleep(platform, **HELD)
    wait_for(lambda: first.final)
    mark.unlink()  # whoever did it again would not come to an end
    again = platform.run(first.input, job_id=first.id)
    wait_for(lambda: again.final)
    assert (again.status, again.output) == ("COMPLETED", first.output)


def test_the_platform_hears_which_jobs_run(platform: Platform, mark: Path) -> None:
    job = sleep(platform, **HELD)
    wait_for(lambda: any(ping.get("job_id") == job.id for ping in platform.pings))
    mark.touch()
    wait_for(lambda: job.final)


def test_too_many_requests_make_the_worker_wait(platform: Platform) -> None:
    platform.replies.append(429)
    wait_for(lambda: not platform.replies)
    job = sleep(platform)
    wait_for(lambda: job.final)
    assert job.status == "COMPLETED"
