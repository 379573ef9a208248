"""One start of an image, as one scenario has it: placed, waited for, spoken to, stopped."""

from __future__ import annotations

import array
import io
import json
import os
import secrets
import socket
import time
import wave
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from greenroom.machine.facts.runpod import network_volume
from greenroom.ship.image.dockerfile import DATA, UID, VOLUME
from greenroom.ship.prove import explaining
from greenroom.ship.prove.container import Container, Placed, listening
from greenroom.ship.prove.engine import EngineFailed
from greenroom.ship.prove.proof import Outcome, Timed, Trial
from greenroom.ship.prove.scenarios import FIRST
from greenroom.ship.prove.sources import PLACES, package_sources

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from greenroom.findings import Finding
    from greenroom.ship.image.files import Image
    from greenroom.ship.prove.engine import Engine
    from greenroom.ship.prove.scenarios import Scenario

_SENTENCE = "The image speaks."
_LOOKS_AFTER = 5
_SPEAKS = "voice-joe"
_WIDE_OPEN = 0o777
# A stand-in for NVIDIA's program: the one GPU and the driver of the scenario.
_NVIDIA_SMI = """#!/bin/sh
case "$*" in
    *query-gpu=driver_version*) echo '{driver}' ;;
    *query-gpu=*) echo '0, NVIDIA stand-in, GPU-0, 24576, 24000, 8.9, {driver}, [N/A]' ;;
    *) echo 'Driver Version: {driver}   CUDA Version: 10.0' ;;
esac
"""
# Of 32,768: speech that peaks at a hundredth of full scale is none that anybody meant to be heard.
_FAINTEST = 328


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. start: until it is ready.  stop: from SIGTERM to its end, as platforms wait.  look: between looks."""

    start: float = 900.0
    stop: int = 45
    look: float = 0.5


@dataclass(frozen=True, slots=True)
class Proving:
    """What is proven. port: instead of the record's or of EXPOSE.  volume: a folder that stands for the platform's."""

    folder: Path
    engine: Engine
    scenarios: Sequence[Scenario]
    image: str | None = None
    port: int | None = None
    volume: Path | None = None
    limits: Limits = Limits()


@dataclass(slots=True)
class Trying:
    """One start, from an empty data folder to the end. late: whether it was still not ready when it should be."""

    asked: Proving
    scenario: Scenario
    tag: str
    wanted_port: int
    record: Image | None
    place: Path
    late: bool = field(default=False, init=False)
    _steps: list[Timed] = field(default_factory=list)
    _key: str = field(default_factory=secrets.token_hex)
    _spare_port: int = field(init=False)
    _others: frozenset[int] = field(init=False)

    def __post_init__(self) -> None:
        """Look which ports this machine has: in a network that is shared they are not the image's."""
        self._spare_port = _free_port()
        shared = self.scenario.network and self.asked.engine.shares_network
        self._others = listening(os.getpid()) if shared else frozenset()
        if self._port in self._others:
            raise EngineFailed(
                f"port {self._port} is taken on this machine, whose network the container shares",
                mend="stop what listens there, or prove --scenario no-network alone",
            )

    def run(self) -> tuple[Trial, tuple[Finding, ...]]:
        """What came of it, and what is wrong."""
        name = f"greenroom-proof-{secrets.token_hex(4)}"
        begun = time.monotonic()
        with Container(self.asked.engine, self.tag, self._placed(), name) as container:
            self._note("start", begun)
            if container.refused is not None:
                found = explaining.not_started(self.asked.folder, container.refused.text)
                return self._trial("failed"), (found,)
            return self._rehearsal(container) if self._rehearses else self._service(container)

    @property
    def _rehearses(self) -> bool:
        """Without its weights a model runs its whole way on invented ones."""
        return self.record is not None and self.record.fetches and self.asked.volume is None

    @property
    def _must_refuse(self) -> bool:
        return self.scenario.expects == "refuses where a GPU is needed" and bool(self.record and self.record.driver)

    @property
    def _port(self) -> int:
        """The one that is listened on: where the network is this machine's, one that is free."""
        if self.record is None or not (self.scenario.network and self.asked.engine.shares_network):
            return self.wanted_port
        return self._spare_port

    def _service(self, container: Container) -> tuple[Trial, tuple[Finding, ...]]:
        found = self._wait_for_port(container) or self._wait_until_ready(container) or self._speak(container)
        if found is None and not self._must_refuse:
            found = self._stop(container)
            if found is None:
                return self._trial("served" if self.record else "listened"), ()
        elif found is None:
            found = self._finding("driver-not-checked", "it serves with a driver that its torch cannot use")
        return self._failed(container, found)

    def _rehearsal(self, container: Container) -> tuple[Trial, tuple[Finding, ...]]:
        begun = time.monotonic()
        while (state := container.state()).running:
            if time.monotonic() - begun > self.asked.limits.start:
                self.late = True
                return self._failed(container, self._finding("rehearsal-late", "the rehearsal did not end in time"))
            time.sleep(self.asked.limits.look)
        self._note("rehearsal", begun)
        if state.code == 0 and not self._must_refuse:
            return self._trial("rehearsed"), ()
        if state.code == 0:
            found = self._finding("driver-not-checked", "it runs with a driver that its torch cannot use")
        else:
            found = explaining.ended_early(self.asked.folder, state.code, container.logs(), None)
        return self._failed(container, found)

    def _failed(self, container: Container, found: Finding) -> tuple[Trial, tuple[Finding, ...]]:
        """A failure, unless it is the refusal in words that the scenario asks for, or allows."""
        words = explaining.refusal(container.logs()) or ""
        may = self._must_refuse or self.scenario.expects == "serves or refuses"
        if may and words and not container.state().running:
            return self._trial("refused", words), ()
        return self._trial("failed", found.message), (found,)

    def _wait_for_port(self, container: Container) -> Finding | None:
        begun = time.monotonic()
        open_ports: frozenset[int] = frozenset()
        while time.monotonic() - begun < self.asked.limits.start:
            state = container.state()
            if not state.running:
                return explaining.ended_early(self.asked.folder, state.code, container.logs(), self.wanted_port)
            open_ports = listening(state.pid) - self._others
            if self._port in open_ports:
                self._note("port", begun)
                return None
            time.sleep(self.asked.limits.look)
        self.late = True
        return explaining.not_listening(self.asked.folder, self.wanted_port, open_ports, self.asked.limits.start)

    def _wait_until_ready(self, container: Container) -> Finding | None:
        if self.record is None:
            return None
        begun = time.monotonic()
        said = ""
        while time.monotonic() - begun < self.asked.limits.start:
            answer = container.ask(
                "curl", "--silent", "--write-out", "\n%{http_code}", f"http://127.0.0.1:{self._port}/readyz"
            )
            said, _, code = answer.out.decode(errors="replace").rpartition("\n")
            if code == "200":
                self._note("ready", begun)
                return None
            if not (state := container.state()).running:
                return explaining.ended_early(self.asked.folder, state.code, container.logs(), self.wanted_port)
            time.sleep(self.asked.limits.look)
        self.late = True
        return self._finding("not-ready", f"it is not ready after {self.asked.limits.start:.0f} s: {said.strip()}")

    def _speak(self, container: Container) -> Finding | None:
        if self.record is None or self.record.model != _SPEAKS:
            return None
        begun = time.monotonic()
        answer = container.ask(
            *("curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "120"),
            *("--header", f"Authorization: Bearer {self._key}", "--header", "Content-Type: application/json"),
            *("--data", json.dumps({"text": _SENTENCE}), f"http://127.0.0.1:{self._port}/v1/models/{_SPEAKS}/generate"),
        )
        self._note("sentence", begun)
        if answer.code == 0 and _is_sound(answer.out):
            return None
        return self._finding("no-speech", f"it did not speak: {answer.text[:200]!r}")

    def _stop(self, container: Container) -> Finding | None:
        # What dies of its first sentence may still be dying: stopped too soon, it would seem to end badly on SIGTERM.
        for _ in range(_LOOKS_AFTER):
            if not (state := container.state()).running:
                return explaining.ended_early(self.asked.folder, state.code, container.logs(), None)
            time.sleep(self.asked.limits.look)
        seconds = container.stop(self.asked.limits.stop)
        self._steps.append(Timed("stop", round(seconds, 2)))
        code = container.state().code
        ended = code == 0 or (self.record is None and code != explaining.KILLED)
        return None if ended else explaining.ignores_stop(self.asked.folder, code, self.asked.limits.stop)

    def _placed(self) -> Placed:
        scenario = self.scenario
        mounts = [(self._volume(), VOLUME if self.record else network_volume().value.serverless), *self._sources()]
        tmpfs = ["/tmp:rw,noexec,mode=1777"] if scenario.read_only else []  # noqa: S108 - in the container
        if self.record and scenario.data_kb is None:
            name = FIRST.name if scenario.again else scenario.name
            mounts.append((_folder(self.place / f"data-{name}", UID), DATA))
        elif self.record:
            tmpfs.append(f"{DATA}:rw,exec,size={scenario.data_kb}k,{self.asked.engine.owned_tmpfs}")
        if scenario.driver is not None:
            program = self.place / "nvidia-smi"
            program.write_text(_NVIDIA_SMI.format(driver=scenario.driver), encoding="utf-8")
            program.chmod(0o755)
            mounts.append((program, "/usr/bin/nvidia-smi"))
        return Placed(
            mounts=tuple(mounts),
            tmpfs=tuple(tmpfs),
            environ=(("GREENROOM_API_KEY", self._key), ("PORT", str(self._port))) if self.record else (),
            read_only=scenario.read_only,
            network=scenario.network,
            arguments=self._arguments(),
        )

    def _arguments(self) -> tuple[str, ...]:
        if self.record is None or not self._rehearses:
            return ()
        return ("rehearse", self.record.model, "--tiny", "--device", "cpu")

    def _sources(self) -> list[tuple[Path, str]]:
        """An image that fetches for itself gets what a company's own machines have: its mirror, its certificates."""
        if self.record is None or not (self.record.fetches or self.record.environment == "volume"):
            return []
        return [(path, PLACES[name]) for name, path in package_sources(self.place).items()]

    def _volume(self) -> Path:
        return self.asked.volume or _folder(self.place / "volume", UID if self.record else None)

    def _note(self, name: str, begun: float) -> None:
        self._steps.append(Timed(name, round(time.monotonic() - begun, 2)))

    def _trial(self, outcome: Outcome, words: str = "") -> Trial:
        return Trial(self.scenario.name, outcome, tuple(self._steps), words)

    def _finding(self, code: str, message: str) -> Finding:
        return explaining.at_start(self.asked.folder, code, message)


def _folder(path: Path, user: int | None) -> Path:
    """A folder that the image's user may write, as platforms give it. user: None where nobody knows who that is."""
    path.mkdir(exist_ok=True)
    if os.geteuid() == 0 and user is not None:
        os.chown(path, user, user)
    else:
        path.chmod(_WIDE_OPEN)
    return path


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _is_sound(content: bytes) -> bool:
    """Whether it is a WAV file of 16 bits in which something is heard: noise of the last bits is none."""
    try:
        with wave.open(io.BytesIO(content)) as file:
            samples = array.array("h", file.readframes(file.getnframes())) if file.getsampwidth() == 2 else ()
    except (wave.Error, EOFError, ValueError):
        return False
    return max(map(abs, samples), default=0) > _FAINTEST
