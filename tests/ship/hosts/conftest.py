"""A machine with Docker Compose, or one behind ssh: stand-ins on PATH that keep what they were asked."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from greenroom.ship.deploy.deploying import deploy, rollback
from greenroom.ship.deploy.images import Looked
from greenroom.ship.deploy.pace import Pace
from greenroom.ship.deploy.records import History
from greenroom.ship.deploy.reports import Report
from greenroom.ship.hosts import host
from greenroom.ship.hosts.host import Completed
from greenroom.ship.hosts.target import HostAsked, HostTarget
from tests.ship.hosts import docker

NAME = "joe"
LOOKED = Looked("unreachable", problem="no network in this test")


def image(letter: str, name: str = "joe") -> str:
    return f"registry.example/{name}@sha256:{letter * 64}"


@dataclass
class Machine:
    """state: what the stand-ins keep.  port: the one of callers; the next one is free too.

    rollout_s: seconds until a release must answer; a server takes its time on a busy machine.
    """

    state: Path
    data: Path
    port: int
    host: str = ""
    rollout_s: float = 60.0

    @property
    def target(self) -> HostTarget:
        pace = Pace(look=0.05, rollout=self.rollout_s, canary=60.0, unhealthy=0.1)
        return HostTarget(pace, lambda _: LOOKED)

    def text(self, **service: Any) -> str:
        """The compose file, in the JSON that is YAML too."""
        joe = {"image": "x", "ports": [{"mode": "ingress", "target": 7860, "published": str(self.port)}], **service}
        volumes: dict[str, Any] = {"weights": {}}
        return json.dumps({"services": {"joe": {**joe, "environment": {"HF_TOKEN": "hf_hush"}}}, "volumes": volumes})

    def deploy(self, letter: str = "a", name: str = "joe", /, **given: Any) -> Report:
        given.setdefault("soak_s", 0.0)
        given.setdefault("text", self.text())
        asked = HostAsked(NAME, given.pop("text"), self.host, image(letter, name), **given)
        return deploy(self.data, self.target, asked)

    def rollback(self, to: int | None = None) -> Report:
        return rollback(self.data, self.target, NAME, to)

    @property
    def history(self) -> History:
        return History.read(self.data, NAME)

    @property
    def running(self) -> dict[str, str]:
        """Images by project."""
        return {path.stem: json.loads(path.read_text())["image"] for path in self.state.glob("*.json")}

    @property
    def asked(self) -> list[list[str]]:
        return [json.loads(line) for line in (self.state / "asked").read_text().splitlines()]


@pytest.fixture
def machine(programs: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The same without a process for each command."""
    real = host._run

    def run(command: Sequence[str], text: str, timeout_s: float) -> Completed:
        if command[:4] == ["ssh", "-o", "BatchMode=yes", "me@machine"]:
            return run(shlex.split(command[-1]), text, timeout_s)
        if command[0] != "docker" or shutil.which("docker") is None:
            return real(command, text, timeout_s)
        with monkeypatch.context() as patch, redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
            patch.setattr(sys, "stdin", StringIO(text))
            return Completed(docker.main(list(command)), out.getvalue(), err.getvalue())

    monkeypatch.setattr(host, "_run", run)
    return programs


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    folder, state = tmp_path / "bin", tmp_path / "state"
    folder.mkdir()
    state.mkdir()
    (state / "asked").touch()
    shutil.copy(Path(__file__).parent / "docker.py", folder / "stand_in.py")
    for name in ("docker", "ssh"):
        # As a module it is compiled once.
        (folder / name).write_text(
            f"#!{sys.executable} -S\nimport sys\nsys.path.insert(0, {str(folder)!r})\nimport stand_in\n"
            "sys.exit(stand_in.main(sys.argv))\n"
        )
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_STATE", str(state))
    yield Machine(state, tmp_path / "data", _free_ports())
    for path in state.glob("*.json"):
        if pid := json.loads(path.read_text())["pid"]:
            docker.stop(pid)
    shutil.rmtree(state)


def _free_ports() -> int:
    """A port that is free, and so is the next one."""
    while True:
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            try:
                other.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
