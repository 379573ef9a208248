"""A release beside the one in use that answers HTTP by itself: probed until it does, then asked by a canary."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from greenroom.ship.deploy.beside import Beside
from greenroom.ship.deploy.errors import CanaryFailed, RolloutFailed
from greenroom.ship.deploy.steps import Step

if TYPE_CHECKING:
    from typing import Any

    from greenroom.plan.actions import Attempt

_LOOKS = 3


class Probed(Beside):
    """A release whose ``wanted`` has ``probe``, a path that it answers with 200 once callers may come."""

    @abstractmethod
    def status_of(self, path: str) -> int:
        """What a GET is answered; 0 where nothing answers."""

    @abstractmethod
    def ask(self, path: str, body: Any) -> str:
        """What a POST is answered: its status, or else what went wrong."""

    @abstractmethod
    def end(self) -> str:
        """The state in which it will not come to answer any more, such as ``exited``; empty while it may."""

    @property
    def wanted(self) -> dict[str, Any]:
        """What the release sets."""
        return self.release.wanted or {}

    @property
    def probe(self) -> str:
        """The path that proves it."""
        return str(self.wanted["probe"])

    def probing(self) -> Step:
        """The last step of its start."""
        return Step(
            "probe",
            f"GET {self.probe} until it answers 200",
            self._prove_it,
            "it answers 200",
            self._answers,
        )

    def is_ill(self) -> bool:
        """Whether it does not answer its probe."""
        return self.status_of(self.probe) != 200

    def _answers(self, attempt: Attempt) -> bool:
        """One look may be lost on its way."""
        for _ in range(_LOOKS):
            if not self.is_ill():
                return True
            self.pace.pause(attempt.stop, self.pace.look)
        return False

    def wait_for_answer(self, attempt: Attempt) -> None:
        """Until it answers its probe. Raises RolloutFailed, or what its target raises."""
        began = self.pace.clock()
        while self.is_ill():
            seconds = self.pace.clock() - began
            attempt.step(f"waiting for {self.probe}", seconds, self.pace.rollout)
            if (state := self.end()) or seconds >= self.pace.rollout:
                self.on_illness(attempt)
                why = f"its container is {state}" if state else f"it does not answer after {seconds:.0f} s"
                raise RolloutFailed(f"{self.release.image}: {why}", mend="read its log in the report")
            self.pace.pause(attempt.stop, self.pace.look)

    def _prove_it(self, attempt: Attempt) -> None:
        """Its probe, and then the canary: a request that the release must answer."""
        self.wait_for_answer(attempt)
        canary = self.release.canary
        if canary is None:
            return
        answered = self.ask(f"/{str(canary.get('path', '')).lstrip('/')}", canary.get("body"))
        if not answered.startswith("2"):
            raise CanaryFailed(f"the canary request was answered {answered}", mend="mend the image, or the --canary")
        attempt.say("the canary request was answered")
