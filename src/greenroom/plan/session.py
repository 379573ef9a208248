"""What all parts of one run share: the plan, its place and log, and whether it is to stop."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from greenroom.findings import Finding
from greenroom.plan.actions import Attempt
from greenroom.plan.activity import OURS, Standing
from greenroom.plan.leftovers import end_leftovers, marked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenroom.findings import Severity
    from greenroom.leases import Lease
    from greenroom.plan.activity import Activity, Verb
    from greenroom.plan.masking import Mask
    from greenroom.plan.place import Place
    from greenroom.plan.plan import Phase, Plan


@dataclass(slots=True)
class Session:
    """One run of a plan, or one undo of it, while the lease is held.

    held: None where whoever runs it keeps others away.  stages: what each phase is at, and how far, in its own unit.
    is_changed: whether the log knows of something begun that this plan cannot take back.
    """

    plan: Plan
    place: Place
    log: Activity
    held: Lease | None
    environ: Mapping[str, str]
    mask: Mask
    stop: threading.Event = field(default_factory=threading.Event)
    findings: list[Finding] = field(default_factory=list)
    stages: dict[int, tuple[str, float, float]] = field(default_factory=dict)
    is_changed: bool = field(default=False, init=False)

    def write(self, phase: Phase, verb: Verb, detail: str = "") -> None:
        """Add a line to the log, without secrets. Raises LeaseLost, OutputUnwritable."""
        if self.held is not None:
            self.held.check()
        self.log.write(phase.number, verb, self.mask(detail))

    def standing(self, phase: Phase) -> Standing:
        """How far a phase is; one that had its number and another undo is not it."""
        known = self.log.standing(phase.number)
        return Standing() if self.is_another(phase) else known

    def is_another(self, phase: Phase) -> bool:
        """Whether the log speaks of a phase that had this number and another undo."""
        return self.log.standing(phase.number).is_of_another(phase.mark)

    def end_leftovers(self) -> None:
        """End what an earlier run had under way when it was killed, so that nothing runs beside what is done now."""
        known = self.log.standings().values()
        end_leftovers(self.place.activity, {one.order for one in known if one.state in ("under way", "undoing")})

    def say_changed(self) -> None:
        """Say what the log has as done or begun and this plan cannot take back."""
        others = [phase for phase in self.plan.phases if self.is_another(phase)]
        mend = "if that one is to be taken back, do it by hand, or with the plan as it was"
        for phase in others:
            message = f"{phase} has another undo than the {phase.id} that the log says was begun"
            self.found("plan-changed", "warning", message, mend, phase)
        numbers = {phase.number for phase in self.plan.phases}
        gone = [one for one, known in self.log.standings().items() if known.state in OURS and one not in numbers]
        for number in sorted(gone):
            message = f"the log says that phase-{number} was begun, and the plan has no phase-{number}"
            self.found("plan-changed", "warning", message, mend)
        self.is_changed = bool(others or gone)

    def attempt(self, phase: Phase) -> Attempt:
        """A new go at an action of a phase; what it starts can be told from what came before the last line of it."""
        mark = marked(self.place.activity, self.log.standing(phase.number).order)
        deadline = None if phase.timeout is None else time.monotonic() + phase.timeout

        def show(stage: str, done: float, total: float) -> None:
            self.stages[phase.number] = (stage, done, total)

        return Attempt(self.place.folder, {**self.environ, **mark}, self.mask, deadline, self.stop, show)

    def found(self, code: str, severity: Severity, message: str, mend: str, phase: Phase | None = None) -> None:
        """Say something that a person should act on, of a phase or of all."""
        line = phase.line if phase else None
        self.findings.append(Finding(code, severity, message, mend, self.place.document, line))
