"""What all parts of one run share: the plan, its place and log, and whether it is to stop."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from greenroom.findings import Finding
from greenroom.plan.actions import Attempt
from greenroom.plan.activity import OURS, Standing

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
    """One run of a plan, or one undo of it, while the lease is held."""

    plan: Plan
    place: Place
    log: Activity
    held: Lease
    environ: Mapping[str, str]
    mask: Mask
    stop: threading.Event = field(default_factory=threading.Event)
    findings: list[Finding] = field(default_factory=list)
    stages: dict[int, str] = field(default_factory=dict)

    def write(self, phase: Phase, verb: Verb, detail: str = "") -> None:
        """Add a line to the log, without secrets. Raises LeaseLost, OutputUnwritable."""
        self.held.check()
        self.log.write(phase.number, verb, self.mask(detail))

    def standing(self, phase: Phase) -> Standing:
        """How far a phase is; one that had its number and another undo is not it."""
        known = self.log.standing(phase.number)
        return Standing() if self.is_another(phase) else known

    def is_another(self, phase: Phase) -> bool:
        """Whether the log speaks of a phase that had this number and another undo: nobody can take that one back."""
        known = self.log.standing(phase.number)
        return known.state in OURS and known.mark not in ("", phase.mark)

    def attempt(self, phase: Phase) -> Attempt:
        """A new go at an action of a phase."""
        deadline = None if phase.timeout is None else time.monotonic() + phase.timeout

        def show(stage: str, done: float, total: float) -> None:
            share = f" {100 * done / total:.0f} %" if total else ""
            self.stages[phase.number] = f"{phase.name}: {stage}{share}"

        return Attempt(self.place.folder, self.environ, self.mask, deadline, self.stop, show)

    def found(self, code: str, severity: Severity, message: str, mend: str, phase: Phase) -> None:
        """Say something that a person should act on."""
        self.findings.append(Finding(code, severity, message, mend, self.place.document, phase.line))
