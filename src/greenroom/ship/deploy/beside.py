"""A release beside the one in use: started, proved, then switched to; the old one is kept until the soak has ended.

The order, the record and the way back are the same wherever it runs: blue/green endpoints, and projects of a host.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from greenroom.errors import GreenroomError
from greenroom.findings import Finding
from greenroom.ship.deploy.errors import RolloutFailed
from greenroom.ship.deploy.pace import Illness
from greenroom.ship.deploy.records import now, seconds_since
from greenroom.ship.deploy.rollout import Rollout
from greenroom.ship.deploy.steps import Step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from greenroom.plan.actions import Attempt
    from greenroom.plan.plan import Plan
    from greenroom.ship.deploy.pace import Pace
    from greenroom.ship.deploy.records import History, Release
    from greenroom.ship.deploy.reports import Outcome


class Beside(Rollout):
    """The new release beside ``release.beside``, which is None for the first one. soak_s: how long the old one is kept.

    What a target adds: the steps until it is proved, what a switch is there, how one looks, and how things go away.
    Each may be done again without harm.
    """

    def __init__(self, history: History, release: Release, pace: Pace, soak_s: float) -> None:
        super().__init__(history, release)
        self.pace = pace
        self._soak_s = soak_s
        self._left_at = 0.0

    @abstractmethod
    def starting(self) -> Sequence[Step]:
        """The steps until the new one is proved. The first one's undo is ``take_down``."""

    @property
    @abstractmethod
    def switch_words(self) -> tuple[str, str]:
        """What a switch does, and what taking it back does."""

    @abstractmethod
    def send_callers(self, attempt: Attempt) -> None:
        """Send callers to the new one, which the record names already."""

    @abstractmethod
    def send_back(self, attempt: Attempt) -> None:
        """Send callers to the old one, as they were."""

    @abstractmethod
    def is_ill(self) -> bool:
        """One look at the new one."""

    def on_illness(self, attempt: Attempt) -> None:
        """Say what its log says, where that can be had."""

    @abstractmethod
    def remove(self, attempt: Attempt) -> None:
        """Take down all that this release made."""

    @abstractmethod
    def remove_old(self, attempt: Attempt) -> None:
        """Take down the old one, and leave the new one as it was asked for."""

    def plan(self) -> Plan:
        """The steps until the soak has ended; taken back as a whole."""
        does, undoes = self.switch_words
        switch = Step(
            "switch",
            does,
            self._switch,
            "the record names the new one",
            lambda _: self.release.state == "switched",
            undoes,
            self._switch_back,
        )
        soak = Step(
            "soak",
            f"look at the new one for {self._soak_s:.0f} s",
            self._soak,
            "the time is over, and it is healthy",
            lambda _: self._kept_s >= self._soak_s,
        )
        steps = (*self.starting(), switch, *((soak,) if self.release.beside is not None else ()))
        return self.plan_of(self.release.kind, steps, whole=True)

    def conclude(self) -> tuple[Outcome, tuple[Finding, ...]]:
        """It is live; what was in use is put away."""
        outcome, _ = super().conclude()
        return outcome, self.retire()

    def retire(self) -> tuple[Finding, ...]:
        """Put the old one away, once the new one is live.

        What cannot be done now does not make a proved release fail: it is said, and status names it.
        """
        if self.release.beside is None:
            return ()
        try:
            self.remove_old(self._unseen())
            self.note(beside=None)
        except GreenroomError as error:
            message = f"the old {self.release.beside} is still there: {error.message}"
            return (Finding("old-left", "warning", message, "deploy the same again, which takes it down"),)
        return ()

    def take_down(self, attempt: Attempt) -> None:
        """Take the new one down, and keep that it was."""
        self.note(state="reverting")
        self.remove(attempt)
        outcome = f"taken back: {self.release.beside or 'nothing'} is in use as before"
        self.note(state="reverted", ended=now(), endpoint=None, beside=None, outcome=outcome)

    def take_back(self, attempt: Attempt) -> None:
        """Everything that was begun, whatever of it was done."""
        if self.release.switched:
            self._switch_back(attempt)
        self.take_down(attempt)

    def _switch(self, attempt: Attempt) -> None:
        """The record first: from here on status and callers name the new one, and the old one is what is kept.

        The soak is measured by the clock of this run, which nobody sets, from where callers have left the old one; what
        of it an earlier run saw is known by the calendar alone, to the second.
        """
        earlier = seconds_since(self.release.switched) if self.release.switched else 0.0
        self.note(state="switched", switched=self.release.switched or now())
        self.send_callers(attempt)
        self._left_at = self.pace.clock() - earlier

    @property
    def _kept_s(self) -> float:
        """How long the old one has been kept behind the switch."""
        return self.pace.clock() - self._left_at

    def _switch_back(self, attempt: Attempt) -> None:
        self.note(state="reverting")
        if self.release.beside is not None:
            self.send_back(attempt)
        self.note(switched="")

    def _soak(self, attempt: Attempt) -> None:
        illness = Illness(self.pace)
        while (seconds := self._kept_s) < self._soak_s:
            attempt.step("soaking", seconds, self._soak_s)
            if illness.lasts(self.is_ill()):
                self.on_illness(attempt)
                raise RolloutFailed(
                    f"it became unhealthy {seconds:.0f} s after the switch", mend="read its log in the report"
                )
            self.pace.pause(attempt.stop, min(self.pace.look, self._soak_s - seconds))

    def _unseen(self) -> Attempt:
        """For what is done behind the plan's end."""
        from greenroom.plan.actions import Attempt

        return Attempt(self.history.folder, {})


class TakenBack(Rollout):
    """A release beside another that did not end: callers to the old one again, and the new one away."""

    def __init__(self, beside: Beside) -> None:
        super().__init__(beside.history, beside.release)
        self._beside = beside

    def plan(self) -> Plan:
        """Its one step."""
        down = self._beside.starting()[0].undo
        step = Step(
            "take back",
            f"{self._beside.switch_words[1]}; {down}" if self.release.switched else down,
            self._take_back,
            "it is recorded so",
            lambda _: self.release.state == "reverted",
        )
        return self.plan_of("take back", (step,), whole=False)

    def listening(self, attempt: Attempt) -> AbstractContextManager[None]:
        """As its target listens."""
        return self._beside.listening(attempt)

    def conclude(self) -> tuple[Outcome, tuple[Finding, ...]]:
        """What is live is the release before, as it was."""
        return ("live" if self.history.current else "removed"), ()

    @property
    def proved(self) -> Release | None:
        """The release before."""
        return self.history.current

    @property
    def sends_callers(self) -> bool:
        """As the release that is taken back did."""
        return self._beside.sends_callers

    def _take_back(self, attempt: Attempt) -> None:
        try:
            self._beside.take_back(attempt)
        finally:
            self.history, self.release = self._beside.history, self._beside.release
