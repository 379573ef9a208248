"""Unfinished work outlives a worker that is lost, where a volume is; what nobody will finish is removed."""

from __future__ import annotations

import errno
import os
import signal
import time
from pathlib import Path

import pytest

from greenroom.errors import GreenroomError
from greenroom.serve.runpod.errors import ResultTooLarge, StoreUnusable
from greenroom.serve.runpod.options import WorkerOptions
from greenroom.serve.runpod.unfinished import Unfinished
from greenroom.settings import Settings
from tests.serve.runpod.platform import Platform, wait_for
from tests.serve.runpod.worker import Worker


def test_without_a_volume_nothing_is_kept(tmp_path: Path) -> None:
    assert Unfinished(None).take("job-1") is None
    Unfinished(None).remove("job-1")
    Unfinished(None).remove_forgotten()
    assert WorkerOptions.of(Settings()).unfinished is None
    assert WorkerOptions.of(Settings(runpod_unfinished=tmp_path)).unfinished == tmp_path


def test_a_place_that_takes_nothing_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert Unfinished(tmp_path / "file").take("job-1") is None


def test_a_volume_without_locks_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(path: Path) -> int:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("greenroom.serve.runpod.unfinished.hold", refuses)
    assert Unfinished(tmp_path).take("job-1") is None


def test_an_id_from_outside_leads_nowhere_else(tmp_path: Path) -> None:
    folder = Unfinished(tmp_path / "kept").take("../../job")
    assert folder is not None
    assert folder.parent == tmp_path / "kept"


@pytest.mark.parametrize(
    ("error", "stays"),
    [
        (StoreUnusable("the bucket refuses the keys"), True),
        (ResultTooLarge("too large"), True),  # once there is a store it is delivered
        (GreenroomError("the source has no frames"), False),
    ],
)
def test_what_may_be_run_again_goes_on_then(tmp_path: Path, error: GreenroomError, stays: bool) -> None:
    unfinished = Unfinished(tmp_path)
    folder = unfinished.take("job-1")
    assert folder is not None
    unfinished.failed("job-1", error)
    assert folder.exists() == stays


def test_what_the_platform_has_forgotten_is_removed(tmp_path: Path) -> None:
    unfinished = Unfinished(tmp_path)
    old, fresh = unfinished.take("job-1"), unfinished.take("job-2")
    assert old is not None
    assert fresh is not None
    os.utime(old, times=(time.time() - 9 * 86_400, time.time() - 9 * 86_400))
    unfinished.remove_forgotten()
    assert [path.name for path in tmp_path.iterdir()] == ["job-2"]


def test_a_job_that_is_handed_out_again_goes_on_where_the_lost_worker_was(tmp_path: Path) -> None:
    """The whole container is killed, as by a machine that goes away."""
    volume = tmp_path / "volume"
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    with Platform() as platform:
        with Worker(platform, "Keeper", folders[0], GREENROOM_RUNPOD_UNFINISHED=str(volume)) as lost:
            job = platform.run({"parts": 6, "waits_at": 2})
            wait_for(lambda: len(list(volume.glob("*/*.part"))) == 2)
            os.kill(lost.process.pid, signal.SIGKILL)
            lost.process.wait()
        left = {path.name for path in volume.glob("*/*.part")}
        (folders[1] / "open").touch()
        with Worker(platform, "Keeper", folders[1], GREENROOM_RUNPOD_UNFINISHED=str(volume)):
            again = platform.run(job.input, job_id=job.id)
            wait_for(lambda: again.final)
            output = again.output["output"]
            assert set(output["found"]) == left
            assert sorted([*output["found"], *output["done"]]) == [f"{place}.part" for place in range(6)]
            assert list(volume.iterdir()) == []
