"""Servers to measure, each in a process of its own on 127.0.0.1: greenroom, LitServe, BentoML.

The two peers live in a virtual environment that is made once, in the user's cache folder, with pinned versions.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from serve.processes import tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PEERS = {"litserve": "0.2.19", "bentoml": "1.4.40"}
NOOP = "serve.noop:Noop"
_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
_START_S = 60.0


class NotMeasured(Exception):
    """A server did not start, or a program is missing."""


@dataclass
class Server:
    """A server that answers. start_s: from the start of its process until it was ready."""

    name: str
    url: str
    process: subprocess.Popen[bytes]
    start_s: float

    def pids(self) -> list[int]:
        """Its process and all below it."""
        return tree(self.process.pid)


@contextlib.contextmanager
def greenroom(*models: str, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """``greenroom serve`` on a data folder of its own, ready."""
    with tempfile.TemporaryDirectory(prefix="greenroom-bench-", ignore_cleanup_errors=True) as name:
        folder, port = Path(name), free_port()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GREENROOM_")}
        own = {
            "PYTHONPATH": os.pathsep.join((str(_ROOT), str(_ROOT / "benchmarks"))),
            "XDG_CONFIG_HOME": str(folder / "no-config"),
            "GREENROOM_DATA": str(folder / "data"),
            "GREENROOM_DEVICES": "cpu",
            "GREENROOM_STOP_GRACE_S": "1",
        }
        command = [sys.executable, "-m", "greenroom", "serve", *models, "--port", str(port)]
        environment = {**inherited, **own, **(settings or {})}
        with _started("greenroom", command, port, "/readyz", folder, environment) as server:
            yield server


@contextlib.contextmanager
def litserve() -> Iterator[Server]:
    """LitServe with one worker."""
    with tempfile.TemporaryDirectory() as name:
        port = free_port()
        command = [str(_peers_python()), str(_HERE / "peers" / "litserve_noop.py"), str(port)]
        with _started("LitServe", command, port, "/health", Path(name), dict(os.environ)) as server:
            yield server


@contextlib.contextmanager
def bentoml() -> Iterator[Server]:
    """BentoML with one worker."""
    with tempfile.TemporaryDirectory() as name:
        port = free_port()
        serve = ["-m", "bentoml", "serve", "bentoml_noop:Noop", "--host", "127.0.0.1", "--port", str(port)]
        environment = {**os.environ, "BENTOML_DO_NOT_TRACK": "1", "BENTOML_HOME": str(Path(name) / "bentoml")}
        command = [str(_peers_python()), *serve, "--working-dir", str(_HERE / "peers")]
        with _started("BentoML", command, port, "/readyz", Path(name), environment) as server:
            yield server


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(url: str) -> bool:
    """Whether a GET gives 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


@contextlib.contextmanager
def _started(
    name: str, command: Sequence[str], port: int, ready: str, folder: Path, environment: Mapping[str, str]
) -> Iterator[Server]:
    url, log = f"http://127.0.0.1:{port}", folder / "server.log"
    began = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder, env=dict(environment)
        )
    try:
        while not answers(url + ready):
            if process.poll() is not None or time.monotonic() - began > _START_S:
                raise NotMeasured(f"{name} did not start:\n{log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.01)
        yield Server(name, url, process, time.monotonic() - began)
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a server, and whatever of it does not end by itself."""
    pids = tree(process.pid)
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(15)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def _peers_python() -> Path:
    """The interpreter that has the peers; its environment is made when it is not there."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "greenroom-benchmarks" / "-".join(f"{name}-{version}" for name, version in PEERS.items())
    python, done = folder / "bin" / "python", folder / "installed.json"
    if not done.exists():
        print(f"installing the peers into {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        # Neither needs torch: its name without a version would pull gigabytes.
        wanted = [f"{name}=={version}" for name, version in PEERS.items()]
        subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=True)
        done.write_text(json.dumps(PEERS))
    return python
