"""A real server: ``greenroom serve`` in a process of its own, with a data folder of its own.

Its imports are done before it begins: ``tests/forked.py``. That it starts from nothing as well, tests/cli/test_serve.py
and the pages in docs/ show.

>>> with running_server(tmp_path, "voice-joe", env={"GREENROOM_API_KEY": "words"}) as server:
...     httpx.get(f"{server.url}/v1/models")
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil

from greenroom.cli.main import main
from tests.forked import Forked
from tests.serve.models import MARKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

ROOT = Path(__file__).parents[2]
MODELS = "tests.serve.models"
# A cold start on a busy machine; on a free one it is two seconds.
_START_S = 120.0
_STOP_S = 60.0


class NotStarted(Exception):
    """The server ended, or did not answer in time; the words are those of its log."""


@dataclass
class RunningServer:
    """A server that answers. folder: holds ``data``, ``marks``, and its log, where one line is one JSON object."""

    url: str
    process: Forked
    log_path: Path
    folder: Path

    @property
    def data(self) -> Path:
        """Where it keeps jobs and files."""
        return self.folder / "data"

    @property
    def under_way(self) -> list[Path]:
        """Files of requests that are being answered."""
        return [path for folder in self.data.rglob("now") for path in folder.iterdir()]

    @property
    def mark(self) -> Path:
        """Lets those end that wait for it, once it is there."""
        return self.folder / "marks" / "open"

    def without_marks(self, *names: str) -> Path:
        """The folder of marks, in which none of these is."""
        for name in names:
            (self.mark.parent / name).unlink(missing_ok=True)
        return self.mark.parent

    @property
    def worker(self) -> psutil.Process:
        """The process of its only worker."""
        children = psutil.Process(self.process.pid).children()
        (found,) = (child for child in children if "greenroom.serve.workers" in child.cmdline())
        return found

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])

    def log(self) -> str:
        """What it said."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def client(self, key: str | None = None, *, timeout: float = 60.0) -> httpx.Client:
        """A client; close it."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        # There is no TLS here, and a client that would verify it reads all certificates of the system first.
        return httpx.Client(base_url=self.url, headers=headers, timeout=timeout, trust_env=False, verify=False)

    def wait_ready(self, seconds: float = _START_S) -> None:
        """Wait until every model is warm. Raises NotStarted."""
        until = time.monotonic() + seconds
        with self.client() as http:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if http.get("/readyz").status_code == 200:
                        return
                self._check(until)
                time.sleep(0.05)  # both sides work for each question, while a model loads on the same cores

    def stop(self, seconds: float = _STOP_S) -> int:
        """Tell it to end, wait until it has, and kill it if it does not; gives its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.process.wait()

    def kill(self) -> None:
        """End it as a crash does. Its workers see that and end themselves."""
        self.process.kill()
        self.process.wait()

    def _check(self, until: float) -> None:
        if self.process.exit_code is not None:
            raise NotStarted(f"it ended with {self.process.exit_code}:\n{self.log()[-4000:]}")
        if time.monotonic() > until:
            raise NotStarted(f"it did not answer in time:\n{self.log()[-4000:]}")


def start_server(
    folder: Path,
    *models: str,
    env: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
    ready: bool = True,
    entry: Callable[[Sequence[str]], object] = main,
) -> RunningServer:
    """Start a server and wait until it answers; the caller stops it.

    models: names of the catalogue, ``module:Class``, or the name of a class of tests.serve.models.  folder: may be
    that of a server that was stopped: it then goes on with its jobs.  ready: wait until the models are warm, too.
    entry: a function of a module, called with the command line.  Raises NotStarted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "marks").mkdir(exist_ok=True)
    named = [name if ":" in name or "-" in name else f"{MODELS}:{name}" for name in models]
    arguments = ["serve", *named, "--port", "0", "--json", *arguments]
    log_path, out_path = folder / "server.log", folder / "server.out"
    out_path.unlink(missing_ok=True)
    process = Forked(entry, arguments, folder=folder, env=_environment(folder, env), out=out_path, err=log_path)
    server = RunningServer("", process, log_path, folder)
    try:
        server.url = _said_url(server, out_path)
        if ready:
            server.wait_ready()
    except BaseException:
        server.stop()
        raise
    return server


@contextlib.contextmanager
def running_server(
    folder: Path,
    *models: str,
    env: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
    ready: bool = True,
    entry: Callable[[Sequence[str]], object] = main,
) -> Iterator[RunningServer]:
    """``start_server``, stopped at the end."""
    server = start_server(folder, *models, env=env, arguments=arguments, ready=ready, entry=entry)
    try:
        yield server
    finally:
        server.stop()


def _said_url(server: RunningServer, out_path: Path) -> str:
    until = time.monotonic() + _START_S
    while True:
        with contextlib.suppress(FileNotFoundError, ValueError):
            said = json.loads(out_path.read_text())
            if said["ok"]:
                return str(said["result"]["url"])
            raise NotStarted(str(said["error"]))
        server._check(until)
        time.sleep(0.02)


def _environment(folder: Path, env: Mapping[str, str] | None) -> dict[str, str]:
    """The environment of this process without settings of whoever runs the tests."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GREENROOM_")}
    path = os.pathsep.join(filter(None, (str(ROOT), inherited.get("PYTHONPATH"))))
    own = {
        "PYTHONPATH": path,
        "XDG_CONFIG_HOME": str(folder / "no-config"),
        "GREENROOM_DATA": str(folder / "data"),
        "GREENROOM_DEVICES": "cpu",
        "GREENROOM_STOP_GRACE_S": "5",
        MARKS: str(folder / "marks"),
    }
    return {**inherited, **own, **(env or {})}
