"""Processes that install, to be killed or raced.

A process that has imported everything forks another for each order that it reads, since starting Python takes longer
than what is tested. Orders are JSON, a line each.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from greenroom.errors import GreenroomError
from greenroom.leases import Pace
from greenroom.machine.environments.install import install
from greenroom.machine.environments.parts import Parts
from greenroom.machine.environments.request import Request
from greenroom.machine.environments.volume import Volume
from greenroom.progress import Step, silent
from tests.machine.environments.index import QUICK, own_wheel

ROOT = Path(__file__).parents[3]
# Seconds between two signs of life of a lease, and until its holder is taken for dead. Nobody waits for that here: on
# one machine the dead are seen at once, and the living may be slow.
PACE = Pace(beat=0.1, expiry=600, look=0.02)


@dataclass(frozen=True, slots=True)
class Installing:
    """A process that installs. said: where it writes what came of it."""

    pid: int
    said: Path

    def end(self, timeout: float = 120.0) -> str:
        """What it said at last: an outcome, or an error."""
        deadline = time.monotonic() + timeout
        while not self.said.exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return self.said.read_text()


class Installers:
    """Starts processes that install."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._count = 0

    def start(self, root: Path, word: str = "hello", **more: Any) -> Installing:
        """One that installs a greenroom which says a word, with the variables of now.

        volume: a folder.  longest_file: bytes that it, and what it starts, may write into one file.  hold_at: a word
        of the stage that it does not go beyond.
        """
        self._count += 1
        said = self._folder / f"{self._count}"
        order = {"root": root, "word": word, "said": said, "environ": dict(os.environ), **more}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order, default=str) + "\n")
        self._process.stdin.flush()
        return Installing(int(self._process.stdout.readline()), said)


@contextlib.contextmanager
def installers(folder: Path) -> Iterator[Installers]:
    """Something that starts processes which install, until the block ends."""
    command = [sys.executable, "-m", "tests.machine.environments.installing"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Installers(process, folder)


def _fork_for_each_order() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system takes away what has ended
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _carry_out(json.loads(line))
            os._exit(0)
        print(pid, flush=True)


def _carry_out(order: dict[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(order["environ"])
    if limit := order.get("longest_file"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    volume = Volume(Path(order["volume"]), PACE) if order.get("volume") else None
    request = Request(Parts(("voice",), ()), own_wheel(order["word"]))
    step = _held_at(order["hold_at"]) if order.get("hold_at") else silent
    came: str
    try:
        came = install(request, Path(order["root"]), step, replace(QUICK, volume=volume)).outcome
    except GreenroomError as error:
        came = f"{error.code}: {error.message}"
    said = Path(order["said"])
    said.with_suffix(".part").write_text(came)
    said.with_suffix(".part").rename(said)


def _held_at(word: str) -> Step:
    def step(stage: str, done: float, total: float) -> None:
        if word in stage:
            time.sleep(3600)

    return step


if __name__ == "__main__":
    _fork_for_each_order()
