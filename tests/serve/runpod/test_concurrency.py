"""A model that does four requests at once is handed four jobs at once, without a setting."""

from __future__ import annotations

from pathlib import Path

from tests.serve.runpod.platform import Platform, wait_for
from tests.serve.runpod.worker import Worker


def test_as_many_jobs_run_at_once_as_the_model_does(tmp_path: Path) -> None:
    with Platform() as platform, Worker(platform, "Party", tmp_path) as worker:
        wait_for(lambda: platform.takes)
        jobs = [platform.run({"label": label, "guests": 4}) for label in "abcd"]
        wait_for(lambda: all(job.final for job in jobs))
        assert [job.status for job in jobs] == ["COMPLETED"] * 4
        assert [(job.output["output"]["label"], job.output["output"]["met"]) for job in jobs] == [
            (label, 4) for label in "abcd"
        ]
        worker.stop()
        assert worker.wait() == 0
        assert platform.wrong == []
