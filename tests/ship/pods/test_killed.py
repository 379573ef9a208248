"""A pod's deploy killed outright at each request that changes something: whoever comes next ends it well."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

from tests.ship.endpoints.stage import image
from tests.ship.killing import Killed, methods
from tests.ship.pods.stage import CANARY, PodStage, values


@pytest.fixture
def killed(stage: PodStage, tmp_path: Path) -> Killed[PodStage]:
    folder = tmp_path / "folder"
    folder.mkdir()
    return Killed(stage, folder, values, CANARY)


def test_killed_at_each_request_that_changes_something(killed: Killed[PodStage]) -> None:
    """The record is written before each, so what it made is known, also where its reply never came."""
    stage = killed.stage
    assert stage.deploy("a").ok
    platform, data = stage.fake.platform.copy(), stage.data
    command = killed.command("b", "--stop-old", "--soak-s", "0")
    for number, method in enumerate(methods(stage, lambda: stage.deploy("b", stops_old=True).ok), 1):
        for has_acted in {"GET": (), "JOB": (True,)}.get(method, (False, True)):
            stage.fake.platform = platform.copy()
            stage.data = data.with_name(f"data-{number}-{has_acted}")
            shutil.copytree(data, stage.data)
            assert killed.run(number, has_acted, *command) == -signal.SIGKILL
            stage.check_named()
            goes_back = has_acted and stage.history.unfinished is not None
            report = stage.rollback() if goes_back else stage.deploy("b", stops_old=True)
            assert report.ok, (number, has_acted, report)
            assert stage.images == [image("a" if goes_back else "b")]
            stage.check(named=False)
