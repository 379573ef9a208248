"""A machine with Docker Compose, or one behind ssh: stand-ins on PATH that keep what they were asked."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from greenroom.ship.deploy.images import Looked
from greenroom.ship.deploy.pace import Pace
from greenroom.ship.deploy.records import History
from greenroom.ship.deploy.reports import Report
from greenroom.ship.hosts.deploying import HostAsked, HostPlace, deploy, rollback

NAME = "joe"
LOOKED = Looked("unreachable", problem="no network in this test")


def image(letter: str, name: str = "joe") -> str:
    return f"registry.example/{name}@sha256:{letter * 64}"


@dataclass
class Machine:
    """state: what the stand-ins keep.  port: the one of callers; the next one is free too."""

    state: Path
    data: Path
    port: int
    host: str = ""

    @property
    def place(self) -> HostPlace:
        pace = Pace(look=0.05, rollout=0.5, canary=5.0)
        return HostPlace(self.data, pace, lambda _: LOOKED)

    def text(self, **service: Any) -> str:
        """The compose file, in the JSON that is YAML too."""
        joe = {"image": "x", "ports": [{"mode": "ingress", "target": 7860, "published": str(self.port)}], **service}
        volumes: dict[str, Any] = {"weights": {}}
        return json.dumps({"services": {"joe": {**joe, "environment": {"HF_TOKEN": "hf_hush"}}}, "volumes": volumes})

    def deploy(self, letter: str = "a", name: str = "joe", /, **given: Any) -> Report:
        given.setdefault("soak_s", 0.0)
        given.setdefault("text", self.text())
        asked = HostAsked(NAME, given.pop("text"), self.host, image(letter, name), **given)
        return deploy(self.place, asked)

    def rollback(self, to: int | None = None) -> Report:
        return rollback(self.place, NAME, to)

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
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    programs, state = tmp_path / "bin", tmp_path / "state"
    programs.mkdir()
    state.mkdir()
    (state / "asked").touch()
    shutil.copy(Path(__file__).parent / "docker.py", programs / "stand_in.py")
    for name in ("docker", "ssh"):
        # As a module it is compiled once.
        (programs / name).write_text(
            f"#!{sys.executable} -S\nimport sys\nsys.path.insert(0, {str(programs)!r})\nimport stand_in\n"
        )
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_STATE", str(state))
    yield Machine(state, tmp_path / "data", _free_ports())
    for path in state.glob("*.json"):
        if pid := json.loads(path.read_text())["pid"]:
            os.kill(pid, signal.SIGKILL)
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
