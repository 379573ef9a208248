"""A plan: phases, what they need, and what they write. One type for plans in Markdown and plans in code."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from greenroom.anchors import Anchor
    from greenroom.plan.actions import Action

Runs = Literal["sequential", "parallel"]


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a phase that failed is tried again. wait: seconds before the first time, doubled for each after it."""

    times: int
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Phase:
    """One step of a plan.

    do, verify, undo: what it does, how one sees that it is done, and how it is taken back.  expect: what the output of
    verify must contain.  needs: numbers of phases that come before it.  writes: paths relative to the plan's folder,
    ``*`` and ``**`` allowed, folders with all that is in them; () for nothing, None for nobody knows.  runs: what the
    plan claims: a sequential phase runs alone; whether a parallel one may is told from writes.  timeout: seconds for
    one go at do and verify together, and for undo.  line: of its heading, where it has a document.
    """

    number: int
    name: str
    do: Action
    verify: Action | None = None
    undo: Action | None = None
    needs: tuple[int, ...] = ()
    writes: tuple[str, ...] | None = None
    runs: Runs | None = None
    targets: tuple[Anchor, ...] = ()
    expect: tuple[str, ...] = ()
    retry: Retry | None = None
    timeout: float | None = None
    line: int | None = field(default=None, compare=False)

    @property
    def id(self) -> str:
        """``phase-N``, its name in needs and in the log."""
        return f"phase-{self.number}"

    @property
    def mark(self) -> str:
        """What its undo is: where another stands in the log, that phase was another, though it had this number."""
        return _mark(self.undo.text if self.undo else "")

    @property
    def verify_mark(self) -> str:
        """What its verification is: where it stands in the log, this one was seen red and no other."""
        return _mark("\n".join((self.verify.text if self.verify else "", *self.expect)))

    def __str__(self) -> str:
        return f"{self.id} ({self.name})"


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Plan:
    """Phases by number.

    whole: the plan is done as a whole or not at all: when a phase fails, all that was done is undone, and not only that
    phase and those which need it.
    """

    name: str
    phases: tuple[Phase, ...]
    whole: bool = False

    def phase(self, number: int) -> Phase | None:
        """The phase of a number, the first one if there are two."""
        return next((phase for phase in self.phases if phase.number == number), None)

    def needed_by(self, phase: Phase) -> set[int]:
        """Numbers of all phases that come before one, directly or not; its own among them if it waits for itself."""
        needs = {other.number: other.needs for other in self.phases}
        found: set[int] = set()
        waiting = list(phase.needs)
        while waiting:
            number = waiting.pop()
            if number not in found:
                found.add(number)
                waiting += needs.get(number, ())
        return found

    def needing(self, phase: Phase) -> tuple[Phase, ...]:
        """All phases that need one, directly or not."""
        return tuple(other for other in self.phases if phase.number in self.needed_by(other))
