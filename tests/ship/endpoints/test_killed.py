"""A deploy killed outright at each request: the next deploy goes on, the next rollback goes back."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from greenroom.cli import main
from greenroom.ship.runpod.fake import Behaviour
from tests.forked import Forked
from tests.ship.endpoints.stage import CANARY, NAME, Stage, image, values

WORKERS = {"min": 1, "max": 2}


class Killed:
    """Processes of ``greenroom deploy`` that do not live beyond a request.

    number: of that request, counted from the process's first one.  has_acted: behind its effect, or before it.
    """

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.folder = folder
        self._ready = threading.Event()
        self._pid = 0
        self._at = (0, False)
        # A killed process leaves its connection; nobody waits for a worker of the platform.
        stage.fake.platform.behave = {"joe": Behaviour(0.0, 0.0)}
        stage.fake.on_request = self._on_request

    def command(self, letter: str, *more: str) -> list[str]:
        file = self.folder / f"{letter}.json"
        file.write_text(json.dumps(values(letter, workers=WORKERS)))
        waits = ("--poll-s", "0.05", "--soak-s", "0")
        return ["deploy", str(file), "--canary", json.dumps(CANARY), *waits, *more]

    @property
    def env(self) -> Mapping[str, str]:
        own = {
            "RUNPOD_API_KEY": self.stage.fake.key,
            "GREENROOM_RUNPOD_URL": self.stage.fake.url,
            "GREENROOM_DATA": str(self.stage.data),
            # The image's registry is not asked: nothing listens there.
            "HTTPS_PROXY": "http://127.0.0.1:9",
        }
        return {**os.environ, **own}

    def run(self, number: int, has_acted: bool, *command: str, fresh: bool = False) -> int:
        """The exit code. fresh: a process as a user starts it, and not a copy of one that has its imports behind it."""
        self._ready.clear()
        self._at = (len(self.stage.fake.seen) + number, has_acted)
        if fresh:
            words = [sys.executable, "-m", "greenroom", *command]
            null = subprocess.DEVNULL
            with subprocess.Popen(words, cwd=self.folder, env=self.env, stdout=null, stderr=null) as process:
                self._pid = process.pid
                self._ready.set()
                code = process.wait(60)
        else:
            out = self.folder / "said.txt"
            forked = Forked(main.main, list(command), folder=self.folder, env=self.env, out=out, err=out)
            self._pid = forked.pid
            self._ready.set()
            code = forked.wait(60)
        self._at = (0, False)
        return code

    def _on_request(self, number: int, has_acted: bool) -> None:
        if (number, has_acted) == self._at and self._ready.wait(10):
            os.kill(self._pid, signal.SIGKILL)


@pytest.fixture
def killed(stage: Stage, tmp_path: Path) -> Killed:
    folder = tmp_path / "folder"
    folder.mkdir()
    return Killed(stage, folder)


@pytest.mark.parametrize(("before", "more"), [(0, ()), (1, ()), (1, ("--blue-green",))], ids=["first", "next", "green"])
def test_killed_at_each_request(killed: Killed, before: int, more: tuple[str, ...]) -> None:
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


def methods(stage: Stage, work: Callable[[], bool]) -> list[str]:
    """Of the requests that a work sends when nothing stops it; its records are thrown away. JOB: the canary's."""
    begun, data = len(stage.fake.seen), stage.data
    stage.data = data.with_name("clean")
    if data.exists():
        shutil.copytree(data, stage.data)
    assert work()
    return ["JOB" if seen.path.endswith("/run") else seen.method for seen in stage.fake.seen[begun:]]


def test_killed_as_users_start_it(killed: Killed) -> None:
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
