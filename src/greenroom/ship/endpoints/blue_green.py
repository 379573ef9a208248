"""Blue/green: the new release on an endpoint of its own (green), proved before callers leave the old one (blue).

Blue keeps its workers' maximum until it goes, so that callers who have not followed yet are served, and costs nothing
when nobody asks. Deleting an endpoint cancels its jobs; so it goes only when it has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenroom.ship.account.values import with_mark
from greenroom.ship.deploy.beside import Beside
from greenroom.ship.deploy.errors import StillBusy
from greenroom.ship.deploy.steps import Step
from greenroom.ship.endpoints.rollout import EndpointRollout
from greenroom.ship.endpoints.watching import are_ill, tell_log
from greenroom.ship.runpod.queue import Queue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenroom.plan.actions import Attempt
    from greenroom.ship.account.values import Values
    from greenroom.ship.deploy.pace import Pace
    from greenroom.ship.deploy.records import History, Release
    from greenroom.ship.runpod.client import RunPod


class BlueGreen(Beside, EndpointRollout):
    """A second endpoint beside the one that callers use."""

    def __init__(self, runpod: RunPod, history: History, release: Release, pace: Pace, soak_s: float) -> None:
        super().__init__(history, release, pace, soak_s)
        self.runpod = runpod

    def starting(self) -> Sequence[Step]:
        """Make green, wait for a worker, and have it answer."""
        green = green_of(self.release)
        made = Step(
            "make green",
            f"POST /serverless as {green['name']} with {self.release.image}, one worker at least",
            self._make_green,
            "GET green: it has every value",
            lambda _: self.has(green_of(self.release)),
            "DELETE green",
            self.take_down,
        )
        warm = Step(
            "warm green",
            "watch green's workers until one is ready",
            lambda attempt: self.roll_out(attempt, least=1),
            "green runs its newest version",
            lambda _: self.has_rolled_out(),
        )
        proved = Step(
            "prove by a canary",
            "run one job on green with the canary's inputs",
            self.prove,
            "a worker of green answered it",
            lambda _: self.is_proved(),
        )
        return made, warm, proved

    @property
    def switch_words(self) -> tuple[str, str]:
        """The record names green, and blue keeps no worker that waits."""
        blue = f"PATCH /serverless/{self.release.beside}"
        return f"name green in the record, and {blue} to min 0", f"name blue in the record, and {blue} to its own min"

    def send_callers(self, attempt: Attempt) -> None:
        """Callers follow the record and the report."""
        attempt.say(f"{self.release.name} is now the endpoint {self.release.endpoint}")
        self._set_blue(idle_workers(self.release.before), attempt)

    def send_back(self, attempt: Attempt) -> None:
        """Blue as it was."""
        self._set_blue({"workers": (self.release.before or {}).get("workers", {})}, attempt)
        attempt.say(f"{self.release.name} is the endpoint {self.release.beside} again")

    def is_ill(self) -> bool:
        """Whether green has workers, and none of them is healthy."""
        return are_ill(self.runpod.endpoints.workers(self.identity).workers)

    def on_illness(self, attempt: Attempt) -> None:
        """The log of one of its workers."""
        tell_log(self.runpod, self.identity, self.runpod.endpoints.workers(self.identity).workers, attempt)

    def remove(self, attempt: Attempt) -> None:
        """Green, whether its id was learned or not."""
        self.made.delete_made(self.release.endpoint, attempt)

    def remove_old(self, attempt: Attempt) -> None:
        """Green under its own name with its own workers, and blue away. Raises StillBusy."""
        if self.release.kind == "blue-green":  # one that rolled since has its own values already
            wanted = with_mark(self.release.wanted or {}, self.release.marks[0])
            self.set_values(self.runpod.endpoints.get(self.identity), wanted, attempt)
        blue = self.runpod.endpoints.find(self._blue)
        if blue is not None and blue.type == "QUEUE" and (jobs := Queue(self.runpod.transport, blue).waiting()):
            raise StillBusy(f"{jobs} of its jobs have not ended", mend="deploy the same again when they have")
        self.made.delete(self._blue, attempt)

    @property
    def _blue(self) -> str:
        assert self.release.beside is not None, "a blue/green release has one before it"  # noqa: S101 - our own record
        return self.release.beside

    def _make_green(self, attempt: Attempt) -> None:
        self.take_up()
        self.bring_about(green_of(self.release), attempt)

    def _set_blue(self, values: Mapping[str, Any], attempt: Attempt) -> None:
        self.set_values(self.runpod.endpoints.get(self._blue), values, attempt)


def green_of(release: Release) -> Values:
    """Green until it is proved: under a name of its own, and with one worker at least."""
    wanted = dict(release.wanted or {})
    workers = dict(wanted.get("workers") or {})
    workers["min"] = max(1, workers.get("min", 0))
    workers["max"] = max(workers["min"], workers.get("max", 3))
    return with_mark({**wanted, "name": f"{release.name}-{release.number}", "workers": workers}, release.marks[0])


def idle_workers(before: Mapping[str, Any] | None) -> Values:
    """Blue after the switch: no worker that waits, and as many as before when it is asked."""
    return {"workers": {**(before or {}).get("workers", {}), "min": 0}}
