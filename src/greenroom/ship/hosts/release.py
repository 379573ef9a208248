"""One release on a host: started beside what is in use, probed, switched to; what was in use is kept for the soak."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

from greenroom.errors import GreenroomError
from greenroom.findings import Finding
from greenroom.ship.deploy.errors import CanaryFailed, HostFailed, RolloutFailed
from greenroom.ship.deploy.records import now, seconds_since
from greenroom.ship.deploy.steps import Step, plan_of
from greenroom.ship.deploy.working import Working

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.plan.actions import Attempt
    from greenroom.plan.plan import Plan
    from greenroom.ship.deploy.pace import Pace
    from greenroom.ship.deploy.records import History, Release
    from greenroom.ship.deploy.reports import Outcome
    from greenroom.ship.hosts.host import Host

# An image of a model is many gigabytes.
_START_S = 3600.0
_LOG_LINES = 15
# Probes in a row that fail until a release in use is given up.
_FAILURES = 3


class HostRelease(Working):
    """A release whose ``wanted`` has ``project``, ``port``, ``probe``, ``switch`` and ``config``."""

    def __init__(self, host: Host, history: History, release: Release, pace: Pace, soak_s: float) -> None:
        super().__init__(history, release)
        self.host = host
        self.pace = pace
        self._soak_s = soak_s
        self._answered = False

    def plan(self) -> Plan:
        """The steps until the soak has ended; taken back as a whole."""
        wanted = self._wanted
        steps = [
            Step(
                "start beside",
                f"docker compose -p {wanted['project']} up -d, with {self.release.image} at port {wanted['port']}",
                self._start,
                "its container is there",
                lambda _: self._state() != "absent",
                f"docker compose -p {wanted['project']} down",
                self._take_down,
            ),
            Step(
                "probe",
                f"GET {wanted['probe']} until it answers 200",
                self._probe,
                "it answers 200",
                lambda _: self._is_ready(),
            ),
        ]
        steps.append(
            Step(
                "switch",
                wanted["switch"] or f"name port {wanted['port']} in the record",
                self._switch,
                "the record names it",
                lambda _: self.release.state == "switched",
                "name the old one, and run the switch for it" if wanted["switch"] else "name the old one",
                self._switch_back,
            )
        )
        if self.release.beside is not None:
            steps.append(
                Step(
                    "soak",
                    f"probe it for {self._soak_s:.0f} s",
                    self._soak,
                    "the time is over, and it answers",
                    lambda _: seconds_since(self.release.switched) >= self._soak_s,
                )
            )
        return plan_of(f"{self.release.kind} {self.release.name}, release {self.release.number}", steps, whole=True)

    @property
    def secrets(self) -> dict[str, str]:
        """What the containers are told."""
        told: dict[str, str] = {}
        for service in self._wanted.get("config", {}).get("services", {}).values():
            told |= {name: str(value) for name, value in (service.get("environment") or {}).items() if value}
        return told

    def conclude(self) -> tuple[Outcome, tuple[Finding, ...]]:
        """It is live; what was in use is stopped and removed, its volumes stay."""
        self.note(state="live", ended=now(), outcome="proved")
        return "live", self.retire()

    def retire(self) -> tuple[Finding, ...]:
        """Put the old project away; what cannot be done now is said, and status names it."""
        if self.release.beside is None:
            return ()
        try:
            self._down(self.release.beside)
            self.note(beside=None)
        except GreenroomError as error:
            return (_left(self.release.beside, error),)
        return ()

    @property
    def _wanted(self) -> dict[str, Any]:
        return self.release.wanted or {}

    def _start(self, attempt: Attempt) -> None:
        if self.release.state == "reverting":  # an earlier run was taking it back; now it is wanted again
            self.note(state="switched" if self.release.switched else "begun")
        self.note(endpoint=self._wanted["project"])
        text = json.dumps(self._wanted["config"])
        done = self._compose("-f", "-", "up", "-d", "--remove-orphans", text=text, timeout_s=_START_S)
        if done.code:
            raise HostFailed(
                f"docker compose up failed: {done.last_words}", mend="read what Docker says; is the port free?"
            )

    def _take_down(self, attempt: Attempt) -> None:
        self.note(state="reverting")
        self._down(self._wanted["project"])
        outcome = f"taken back: {self.release.beside or 'nothing'} is in use as before"
        self.note(state="reverted", ended=now(), endpoint=None, beside=None, outcome=outcome)

    def _probe(self, attempt: Attempt) -> None:
        began = self.pace.clock()
        while not self._is_ready():
            seconds = self.pace.clock() - began
            attempt.step(f"waiting for {self._wanted['probe']}", seconds, self.pace.rollout)
            state = self._state()
            if state not in ("running", "created", "restarting") or seconds >= self.pace.rollout:
                self._tell_log(attempt)
                why = f"its container is {state}" if state != "running" else f"it does not answer after {seconds:.0f} s"
                raise RolloutFailed(f"{self.release.image}: {why}", mend="read its log above")
            self.pace.pause(attempt.stop, self.pace.look)
        if self.release.canary is not None:
            self._prove(attempt)

    def _prove(self, attempt: Attempt) -> None:
        """The canary: a request that the release must answer."""
        canary = self.release.canary or {}
        asks = ["curl", "-sS", "-o", "/dev/null", "-m", f"{self.pace.canary:.0f}", "-w", "%{http_code}"]
        asks += ["-H", "Content-Type: application/json", "--data-binary", "@-"]
        url = f"http://127.0.0.1:{self._wanted['port']}/{str(canary.get('path', '')).lstrip('/')}"
        done = self.host.run([*asks, url], json.dumps(canary.get("body")), timeout_s=self.pace.canary + 10)
        if not done.out.startswith("2"):
            raise CanaryFailed(
                f"the canary request was answered {done.out or done.last_words}", mend="mend the image, or the --canary"
            )
        attempt.say("the canary request was answered")

    def _switch(self, attempt: Attempt) -> None:
        self.note(state="switched", switched=self.release.switched or now())
        self._run_switch(self._wanted["switch"], int(self._wanted["port"]), attempt)

    def _switch_back(self, attempt: Attempt) -> None:
        self.note(state="reverting")
        before = self.release.before or {}
        if self.release.switched and before:
            self._run_switch(str(before.get("switch") or ""), int(before["port"]), attempt)
        self.note(switched="")

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

    def _soak(self, attempt: Attempt) -> None:
        failures = 0
        while (seconds := seconds_since(self.release.switched)) < self._soak_s:
            attempt.step("soaking", seconds, self._soak_s)
            failures = 0 if self._is_ready() else failures + 1
            if failures >= _FAILURES:
                self._tell_log(attempt)
                raise RolloutFailed(f"it stopped answering {seconds:.0f} s after the switch", mend="read its log above")
            self.pace.pause(attempt.stop, min(self.pace.look, self._soak_s - seconds))

    def _is_ready(self) -> bool:
        return self.host.status(int(self._wanted["port"]), str(self._wanted["probe"])) == 200

    def _state(self) -> str:
        """Of the released service's container: ``running``, ``exited``, ...; ``absent``."""
        done = self._compose("ps", "-a", "--format", "json")
        states = {str(one.get("Service")): str(one.get("State")) for one in listed(done.out)}
        return states.get(str(self._wanted["service"]), "absent")

    def _tell_log(self, attempt: Attempt) -> None:
        done = self._compose("logs", "--no-color", "--no-log-prefix", "--tail", str(_LOG_LINES))
        for line in done.out.splitlines()[-_LOG_LINES:]:
            attempt.say(line)

    def _down(self, project: str) -> None:
        """Remove a project's containers and networks; volumes stay. One that is not there is gone."""
        done = self.host.run(["docker", "compose", "-p", project, "down", "--remove-orphans"], timeout_s=300.0)
        if done.code:
            raise HostFailed(f"docker compose -p {project} down failed: {done.last_words}", mend="run it there by hand")

    def _compose(self, *words: str, text: str = "", timeout_s: float = 120.0) -> Any:
        return self.host.run(
            ["docker", "compose", "-p", str(self._wanted["project"]), *words], text, timeout_s=timeout_s
        )


class HostTakenBack(HostRelease):
    """What is under way, or all of it, taken down."""

    def plan(self) -> Plan:
        """Its one step."""
        step = Step(
            "take back",
            f"name {self.release.beside or 'nothing'} again, and docker compose -p {self._wanted['project']} down",
            self._take_back,
            "it is recorded so",
            lambda _: self.release.state == "reverted",
        )
        return plan_of(f"take back {self.release.name}, release {self.release.number}", (step,), whole=False)

    def conclude(self) -> tuple[Outcome, tuple[Finding, ...]]:
        """What is live is the release before, as it was."""
        return ("live" if self.history.current else "removed"), ()

    @property
    def proved(self) -> Release | None:
        """The release before."""
        return self.history.current

    def _take_back(self, attempt: Attempt) -> None:
        if self.release.switched:
            self._switch_back(attempt)
        self._take_down(attempt)


class HostTakenDown(HostRelease):
    """Back to nothing. projects: all that may run."""

    def __init__(self, host: Host, history: History, release: Release, pace: Pace, projects: Sequence[str]) -> None:
        super().__init__(host, history, release, pace, 0.0)
        self._projects = projects
        self._is_down = False

    def plan(self) -> Plan:
        """Its one step."""
        words = " and ".join(f"docker compose -p {project} down" for project in self._projects)
        step = Step("take down", words, self._all_down, "nothing of it runs", lambda _: self._is_down)
        return plan_of(f"take down {self.release.name}, release {self.release.number}", (step,), whole=False)

    def conclude(self) -> tuple[Outcome, tuple[Finding, ...]]:
        """Nothing is live."""
        self.note(state="removed", ended=now(), endpoint=None, beside=None, outcome="everything was taken down")
        return "removed", ()

    def _all_down(self, attempt: Attempt) -> None:
        for project in self._projects:
            self._down(project)
        self._is_down = True


def listed(text: str) -> list[dict[str, Any]]:
    """What ``--format json`` of Compose prints: one list, or since 2.21 an object a line. Raises HostFailed."""
    try:
        if text.lstrip().startswith("["):
            found = json.loads(text)
        else:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise HostFailed("docker compose gives no JSON", mend="install Docker Compose 2 or newer") from error
    return [one for one in found if isinstance(one, dict)]


def _left(project: str, error: GreenroomError) -> Finding:
    message = f"the old project {project} is still there: {error.message}"
    return Finding("old-left", "warning", message, "deploy the same again, which takes it down")
