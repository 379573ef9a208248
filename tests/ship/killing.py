"""Processes of greenroom that are killed outright in the middle of a request."""

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
from typing import Any, Generic, TypeVar

from greenroom.cli import main
from greenroom.ship.runpod.fake import Behaviour
from tests.forked import Forked
from tests.ship.endpoints.stage import Stage

S = TypeVar("S", bound=Stage)


class Killed(Generic[S]):
    """Processes of ``greenroom deploy`` that do not live beyond a request.

    declared: what the file of a letter says.  number: of that request, counted from the process's first one.
    has_acted: behind its effect, or before it.
    """

    def __init__(self, stage: S, folder: Path, declared: Callable[[str], dict[str, Any]], canary: Any) -> None:
        self.stage = stage
        self.folder = folder
        self._declared = declared
        self._canary = canary
        self._ready = threading.Event()
        self._pid = 0
        self._at = (0, False)
        # A killed process leaves its connection; nobody waits for a worker of the platform.
        stage.fake.platform.behave = {"joe": Behaviour(0.0, 0.0)}
        stage.fake.on_request = self._on_request

    def command(self, letter: str, *more: str) -> list[str]:
        file = self.folder / f"{letter}.json"
        file.write_text(json.dumps(self._declared(letter)))
        return ["deploy", str(file), "--canary", json.dumps(self._canary), "--poll-s", "0.05", *more]

    @property
    def env(self) -> Mapping[str, str]:
        own = {
            "RUNPOD_API_KEY": self.stage.fake.key,
            "GREENROOM_RUNPOD_URL": self.stage.fake.url,
            "GREENROOM_RUNPOD_POD_URL": self.stage.fake.pod_url,
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
        if (number, has_acted) == self._at and self._ready.wait(60):
            os.kill(self._pid, signal.SIGKILL)


def methods(stage: S, work: Callable[[], bool]) -> list[str]:
    """Of the requests that a work sends when nothing stops it; its records are thrown away. JOB: the canary's."""
    begun, data = len(stage.fake.seen), stage.data
    stage.data = data.with_name("clean")
    if data.exists():
        shutil.copytree(data, stage.data)
    assert work()
    return [
        "JOB" if not seen.path.startswith("/v2/") or seen.path.endswith("/run") else seen.method
        for seen in stage.fake.seen[begun:]
    ]
