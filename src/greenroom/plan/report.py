"""How a run of a plan ended, as a person can act on it and a machine can read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.findings import Finding

# done: in this run.  kept: in an earlier one, and still so.  skipped: it was so before the plan did anything.
PhaseState = Literal["done", "kept", "skipped", "failed", "stopped", "waiting"]
# absent: there is no undo, and what was done stays.
Undone = Literal["ok", "failed", "absent"]


@dataclass(frozen=True, slots=True)
class PhaseReport:
    """A phase of a run.

    seconds: of this run.  attempts: how often do was begun in it.  reason: why it is not done.  output: the last lines
    of what failed, or of what was done.  undo: how its undo ended, None where it was not to be undone.
    """

    id: str
    name: str
    state: PhaseState = "waiting"
    seconds: float = 0.0
    attempts: int = 0
    reason: str = ""
    output: tuple[str, ...] = ()
    undo: Undone | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A run. outcome: "undone" of ``undo`` alone.  findings: what is to be acted on.  activity: the log's folder."""

    plan: str
    outcome: Literal["done", "failed", "stopped", "undone"]
    phases: tuple[PhaseReport, ...]
    findings: tuple[Finding, ...]
    seconds: float
    activity: Path

    @property
    def ok(self) -> bool:
        """Whether what was asked for is so."""
        return self.outcome in ("done", "undone")
