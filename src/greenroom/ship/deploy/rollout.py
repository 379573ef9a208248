"""A release while it is brought about: its record, its plan, and how it ends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from greenroom.ship.deploy.masking import secrets_of
from greenroom.ship.deploy.records import now
from greenroom.ship.deploy.steps import Step, plan_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from greenroom.findings import Finding
    from greenroom.plan.actions import Attempt
    from greenroom.plan.plan import Plan
    from greenroom.ship.deploy.records import History, Release
    from greenroom.ship.deploy.reports import Outcome
    from greenroom.ship.deploy.steps import Listening, Said


class Rollout(ABC):
    """One release of one name, wherever it runs."""

    def __init__(self, history: History, release: Release) -> None:
        self.history = history
        self.release = release
        self.said: Said = _unsaid

    @abstractmethod
    def plan(self) -> Plan:
        """How the release is brought about."""

    def note(self, **changed: Any) -> None:
        """Keep what has become of the release. Raises OutputUnwritable."""
        self.release = replace(self.release, **changed)
        self.history = self.history.save(self.release)

    def take_up(self) -> None:
        """An earlier run may have been taking the release back; now it is wanted again. Raises OutputUnwritable."""
        if self.release.state == "reverting":
            self.note(state="switched" if self.release.switched else "begun")

    def plan_of(self, name: str, steps: Sequence[Step], *, whole: bool) -> Plan:
        """These steps one after another. whole: when one fails, all are taken back."""
        title = f"{name} {self.release.name}, release {self.release.number}"
        return plan_of(title, steps, self.listening, self.said, whole=whole)

    def listening(self, attempt: Attempt) -> AbstractContextManager[None]:
        """While a step runs: what it waits for elsewhere ends when the attempt is stopped."""
        return nullcontext()

    @property
    def secrets(self) -> Mapping[str, str]:
        """Variables whose values stay out of logs and reports, those of the release before among them."""
        before = {f"before {name}": value for name, value in secrets_of(self.release.before).items()}
        return {**before, **secrets_of(self.release.wanted)}

    def conclude(self) -> tuple[Outcome, tuple[Finding, ...]]:
        """The plan is done: keep how it ended. Raises OutputUnwritable."""
        self.note(state="live", ended=now(), outcome="proved" if self.release.canary is not None else "rolled out")
        return "live", ()

    @property
    def proved(self) -> Release | None:
        """The release that is in use once this one has ended well; None where nothing is."""
        return self.release

    @property
    def sends_callers(self) -> bool:
        """Whether callers come to another address without doing anything themselves."""
        return False


class TakenDown(Rollout):
    """Back to nothing. remove: takes all of it down.  words: the same in words.  is_gone: whether nothing is left."""

    def __init__(
        self,
        history: History,
        release: Release,
        words: str,
        remove: Callable[[Attempt], None],
        is_gone: Callable[[], bool],
        listening: Listening | None = None,
    ) -> None:
        super().__init__(history, release)
        self._listening = listening
        self._words = words
        self._remove = remove
        self._is_gone = is_gone

    def plan(self) -> Plan:
        """Its one step."""
        step = Step("take down", self._words, self._remove, "nothing of it is there", lambda _: self._is_gone())
        return self.plan_of("take down", (step,), whole=False)

    def listening(self, attempt: Attempt) -> AbstractContextManager[None]:
        """As its target listens."""
        return self._listening(attempt) if self._listening else super().listening(attempt)

    def conclude(self) -> tuple[Outcome, tuple[Finding, ...]]:
        """Nothing is live."""
        self.note(state="removed", ended=now(), endpoint=None, beside=None, outcome="everything was taken down")
        return "removed", ()


def _unsaid(_: str) -> None:
    """Where nobody listens."""
