"""One release on a host: a compose project of its own, beside the one in use."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

from greenroom.ship.deploy.errors import HostFailed
from greenroom.ship.deploy.probed import Probed
from greenroom.ship.deploy.steps import Step
from greenroom.ship.hosts.compose import down, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.plan.actions import Attempt
    from greenroom.ship.deploy.pace import Pace
    from greenroom.ship.deploy.records import History, Release
    from greenroom.ship.hosts.host import Completed, Host

# An image of a model is many gigabytes.
_START_S = 3600.0
_LOG_LINES = 15


class HostRollout(Probed):
    """A release whose ``wanted`` has ``project``, ``service``, ``port``, ``probe``, ``switch`` and ``config``."""

    def __init__(self, host: Host, history: History, release: Release, pace: Pace, soak_s: float) -> None:
        super().__init__(history, release, pace, soak_s)
        self.host = host

    def starting(self) -> Sequence[Step]:
        """Start the project, and probe it until it answers."""
        wanted = self.wanted
        started = Step(
            "start beside",
            f"docker compose -p {wanted['project']} up -d, with {self.release.image} at port {wanted['port']}",
            self._start,
            "its container is there",
            lambda _: self._state() != "absent",
            f"docker compose -p {wanted['project']} down",
            self.take_down,
        )
        return started, self.probing()

    @property
    def switch_words(self) -> tuple[str, str]:
        """The user's own command, or the record alone."""
        switch = str(self.wanted["switch"])
        back = "name the old one, and run the switch for it" if switch else "name the old one"
        return switch or f"name port {self.wanted['port']} in the record", back

    def send_callers(self, attempt: Attempt) -> None:
        """Run the switch for the new port."""
        self._run_switch(str(self.wanted["switch"]), int(self.wanted["port"]), attempt)

    def send_back(self, attempt: Attempt) -> None:
        """Run the old one's switch for its port."""
        before = self.release.before or {}
        if self.release.switched and before:
            self._run_switch(str(before.get("switch") or ""), int(before["port"]), attempt)

    @property
    def sends_callers(self) -> bool:
        """By the user's own command, if there is one."""
        return bool(self.wanted["switch"])

    def status_of(self, path: str) -> int:
        """Asked on the host itself."""
        return self.host.status(int(self.wanted["port"]), path)

    def ask(self, path: str, body: Any) -> str:
        """Asked on the host itself, by its curl."""
        asks = ["curl", "-sS", "-o", "/dev/null", "-m", f"{self.pace.canary:.0f}", "-w", "%{http_code}"]
        asks += ["-H", "Content-Type: application/json", "--data-binary", "@-"]
        url = f"http://127.0.0.1:{self.wanted['port']}{path}"
        done = self.host.run([*asks, url], json.dumps(body), timeout_s=self.pace.canary + 10)
        return done.out or done.last_words

    def end(self) -> str:
        """A container that is neither there nor to come."""
        state = self._state()
        return "" if state in ("running", "created", "restarting") else state

    def on_illness(self, attempt: Attempt) -> None:
        """The last lines of its log."""
        done = self._compose("logs", "--no-color", "--no-log-prefix", "--tail", str(_LOG_LINES))
        for line in done.out.splitlines()[-_LOG_LINES:]:
            attempt.say(line)

    def remove(self, attempt: Attempt) -> None:
        """Its project; volumes stay."""
        down(self.host, str(self.wanted["project"]))

    def remove_old(self, attempt: Attempt) -> None:
        """The old project; volumes stay."""
        if self.release.beside is not None:
            down(self.host, self.release.beside)

    def _start(self, attempt: Attempt) -> None:
        self.take_up()
        self.note(endpoint=self.wanted["project"])
        text = json.dumps(self.wanted["config"])
        done = self._compose("-f", "-", "up", "-d", "--remove-orphans", text=text, timeout_s=_START_S)
        if done.code:
            raise HostFailed(
                f"docker compose up failed: {done.last_words}", mend="read what Docker says; is the port free?"
            )

    def _run_switch(self, switch: str, port: int, attempt: Attempt) -> None:
        """Run the user's own command on the host, such as a proxy's reload. Raises HostFailed."""
        if not switch:
            attempt.say(f"callers find it at port {port} of {self.host.name or 'this machine'}")
            return
        command = [word.replace("{port}", str(port)) for word in shlex.split(switch)]
        done = self.host.run(command)
        if done.code:
            raise HostFailed(f"{shlex.join(command)} failed: {done.last_words}", mend="mend the --switch command")
        attempt.say(f"{shlex.join(command)}: done")

    def _state(self) -> str:
        """Of the released service's container: ``running``, ``exited``, ...; ``absent``."""
        done = self._compose("ps", "-a", "--format", "json")
        states = {str(one.get("Service")): str(one.get("State")) for one in listed(done.out)}
        return states.get(str(self.wanted["service"]), "absent")

    def _compose(self, *words: str, text: str = "", timeout_s: float = 120.0) -> Completed:
        return self.host.run(
            ["docker", "compose", "-p", str(self.wanted["project"]), *words], text, timeout_s=timeout_s
        )
