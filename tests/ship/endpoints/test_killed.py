"""A deploy killed outright at each request: the next deploy goes on, the next rollback goes back."""

from __future__ import annotations

import shutil
import signal
from functools import partial
from pathlib import Path

import pytest

from tests.ship.endpoints.stage import CANARY, NAME, Stage, image, values
from tests.ship.killing import Killed, methods

WORKERS = {"min": 1, "max": 2}


@pytest.fixture
def killed(stage: Stage, tmp_path: Path) -> Killed[Stage]:
    folder = tmp_path / "folder"
    folder.mkdir()
    return Killed(stage, folder, partial(values, workers=WORKERS), CANARY)


GREEN = ("--blue-green", "--soak-s", "0")


@pytest.mark.parametrize(("before", "more"), [(0, ()), (1, ()), (1, GREEN)], ids=["first", "next", "green"])
def test_killed_at_each_request(killed: Killed[Stage], before: int, more: tuple[str, ...]) -> None:
    stage = killed.stage
    given = {"workers": WORKERS, "blue_green": bool(more)}
    if before:
        assert stage.deploy("a", workers=WORKERS).ok
    platform, data = stage.fake.platform.copy(), stage.data
    command = killed.command("b", *more)
    for number, method in enumerate(methods(stage, lambda: stage.deploy("b", **given).ok), 1):
        if method == "GET" and (more or not before or number % 2):
            continue  # where nothing changes, the process is killed as it is behind the change before
        for has_acted in (True,) if method in ("GET", "JOB") else (False, True):
            stage.fake.platform = platform.copy()
            stage.data = data.with_name(f"data-{number}-{has_acted}")
            if before:
                shutil.copytree(data, stage.data)
            assert killed.run(number, has_acted, *command) == -signal.SIGKILL
            stage.check_named()
            if number % 4 and stage.history.unfinished is not None:
                report = stage.rollback()
                assert stage.images == [image("a")] * before
            else:
                report = stage.deploy("b", **given)
                assert stage.images == [image("b")]
            assert report.ok, (number, has_acted, report)
            stage.check(named=False)


def test_killed_as_users_start_it(killed: Killed[Stage]) -> None:
    """The same with whole processes: killed behind the POST, then in the middle of the rollback that follows."""
    stage = killed.stage
    command = killed.command("a")
    assert killed.run(4, True, *command, fresh=True) == -signal.SIGKILL
    assert stage.images == [image("a")]
    assert stage.history.unfinished is not None
    assert stage.history.unfinished.endpoint is None, "its reply never came"
    stage.check_named()
    assert killed.run(0, False, *command) == 0
    stage.check()
    assert killed.run(0, False, *killed.command("b")) == 0
    back = ("rollback", NAME, "--poll-s", "0.05")
    assert killed.run(3, True, *back, fresh=True) == -signal.SIGKILL
    assert killed.run(0, False, *back) == 0
    assert stage.images == [image("a")]
    stage.check()
