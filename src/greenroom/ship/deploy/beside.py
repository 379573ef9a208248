"""Blue/green: the new release on an endpoint of its own, proved before callers go there; the old one kept a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.errors import GreenroomError
from greenroom.findings import Finding
from greenroom.plan.actions import Attempt
from greenroom.ship.deploy.configuration import with_mark
from greenroom.ship.deploy.endpoint import EndpointRelease
from greenroom.ship.deploy.errors import RolloutFailed
from greenroom.ship.deploy.records import now, seconds_since
from greenroom.ship.deploy.steps import Step, plan_of
from greenroom.ship.deploy.watching import SickWorkers

if TYPE_CHECKING:
    from greenroom.plan.plan import Plan
    from greenroom.ship.deploy.configuration import Values
    from greenroom.ship.deploy.pace import Pace
    from greenroom.ship.deploy.records import History, Release
    from greenroom.ship.deploy.reports import Outcome
    from greenroom.ship.runpod.client import RunPod


class Beside(EndpointRelease):
    """A second endpoint (green) beside the one that callers use (blue). soak_s: how long blue is kept after that."""

    def __init__(self, runpod: RunPod, history: History, release: Release, pace: Pace, soak_s: float) -> None:
        super().__init__(runpod, history, release, pace)
        self._soak_s = soak_s

    def plan(self) -> Plan:
        """The steps until the soak has ended; taken back as a whole."""
        blue = self.release.beside
        steps = (
            Step(
                "make green",
                f"POST /serverless as {self._green['name']} with {self.release.image}, one worker at least",
                self._make_green,
                "GET green: it has every value",
                lambda _: self.has(self._green),
                "DELETE green",
                self._unmake_green,
            ),
            Step(
                "warm green",
                "watch green's workers until one is ready",
                lambda attempt: self.roll_out(attempt, least=1),
                "green runs its newest version",
                lambda _: self.has_rolled_out(),
            ),
            Step(
                "prove by a canary",
                "run one job on green with the canary's inputs",
                self.prove,
                "a worker of green answered it",
                lambda _: self.is_proved(),
            ),
            Step(
                "switch",
                f"name green in the record, and PATCH /serverless/{blue} to no workers",
                self._switch,
                "the record names green",
                lambda _: self.release.state == "switched",
                "give blue its workers back, and name it in the record",
                self._switch_back,
            ),
            Step(
                "soak",
                f"watch green for {self._soak_s:.0f} s",
                self._soak,
                "the time is over, and green is healthy",
                lambda _: seconds_since(self.release.switched) >= self._soak_s,
            ),
        )
        return plan_of(f"blue-green deploy {self.release.name}, release {self.release.number}", steps, whole=True)

    def conclude(self) -> tuple[Outcome, tuple[Finding, ...]]:
        """Green is live; blue is put away."""
        outcome, _ = super().conclude()
        return outcome, self.retire()

    def retire(self) -> tuple[Finding, ...]:
        """Once green is live: its own name and workers, and blue away.

        What cannot be done now does not make a proved release fail: it is said, and status names it.
        """
        attempt = Attempt(self.history.folder, {})
        try:
            self.set_values(
                self.runpod.endpoints.get(self.identity),
                with_mark(self.release.wanted or {}, self.release.marks[0]),
                attempt,
            )
            self.delete(self.release.beside, attempt)
            self.note(beside=None)
        except GreenroomError as error:
            message = f"the old endpoint {self.release.beside} is still there, without workers: {error.message}"
            return (Finding("blue-left", "warning", message, "deploy the same again, which deletes it"),)
        return ()

    @property
    def _green(self) -> Values:
        wanted = dict(self.release.wanted or {})
        workers = dict(wanted.get("workers") or {})
        workers["min"] = max(1, workers.get("min", 0))
        workers["max"] = max(workers["min"], workers.get("max", 3))
        named = {**wanted, "name": f"{self.release.name}-{self.release.number}", "workers": workers}
        return with_mark(named, self.release.marks[0])

    @property
    def _blue(self) -> str:
        assert self.release.beside is not None, "a blue/green release has one before it"  # noqa: S101 - our own record
        return self.release.beside

    def _make_green(self, attempt: Attempt) -> None:
        if self.release.state == "reverting":
            self.note(state="switched" if self.release.switched else "begun")
        self.bring_about(self._green, attempt)

    def _unmake_green(self, attempt: Attempt) -> None:
        self.note(state="reverting")
        self.delete_made(attempt)
        outcome = f"taken back: callers use {self.release.beside} as before"
        self.note(state="reverted", ended=now(), endpoint=None, beside=None, outcome=outcome)

    def _switch(self, attempt: Attempt) -> None:
        """The record first: from here on status and callers name green, and blue is what is kept."""
        self.note(state="switched", switched=self.release.switched or now())
        attempt.say(f"{self.release.name} is now the endpoint {self.release.endpoint}")
        workers = {**(self.release.before or {}).get("workers", {}), "min": 0, "max": 0}
        self.set_values(self.runpod.endpoints.get(self._blue), {"workers": workers}, attempt)

    def _switch_back(self, attempt: Attempt) -> None:
        self.note(state="reverting")
        before = self.release.before or {}
        self.set_values(self.runpod.endpoints.get(self._blue), {"workers": before.get("workers", {})}, attempt)
        self.note(switched="")
        attempt.say(f"{self.release.name} is the endpoint {self.release.beside} again")

    def _soak(self, attempt: Attempt) -> None:
        sick = SickWorkers(self.pace)
        while (seconds := seconds_since(self.release.switched)) < self._soak_s:
            attempt.step("soaking", seconds, self._soak_s)
            if sick.see(self.runpod.endpoints.workers(self.identity).workers):
                raise RolloutFailed(
                    f"green became unhealthy {seconds:.0f} s after the switch", mend="read its workers' logs"
                )
            self.pace.pause(attempt.stop, min(self.pace.look, self._soak_s - seconds))


class BesideTakenBack(Beside):
    """A blue/green deploy that did not end: callers to blue again, and green away."""

    def plan(self) -> Plan:
        """Its one step."""
        step = Step(
            "take back",
            f"give {self.release.beside} its workers back, and DELETE green",
            self._take_back,
            "the record names blue",
            lambda _: self.release.state == "reverted",
        )
        return plan_of(f"rollback {self.release.name}, release {self.release.number}", (step,), whole=False)

    def conclude(self) -> tuple[Outcome, tuple[Finding, ...]]:
        """What is live is the release before, as it was."""
        return "live", ()

    @property
    def proved(self) -> Release | None:
        """The release before."""
        return self.history.current

    def _take_back(self, attempt: Attempt) -> None:
        if self.release.switched:
            self._switch_back(attempt)
        self._unmake_green(attempt)
