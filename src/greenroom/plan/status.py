"""How far a plan is, by its log; nothing is run to say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.leases import holder_of
from greenroom.plan.activity import Standing

if TYPE_CHECKING:
    from greenroom.plan.place import Place
    from greenroom.plan.plan import Phase, Plan


@dataclass(frozen=True, slots=True)
class PhaseStatus:
    """A phase. since: when it came to its state.  detail: what the log said last.

    state: as the log left it; "interrupted" where it is under way and nobody is at it, "undone" where it was begun and
    taken back, "not undone" where its undo has failed, "changed" where the log speaks of a phase of this number that
    had another undo.
    """

    id: str
    name: str
    state: str
    since: str
    detail: str


@dataclass(frozen=True, slots=True)
class Status:
    """A plan. running: who runs it now, as far as anyone can see."""

    plan: str
    running: str | None
    phases: tuple[PhaseStatus, ...]


def status(plan: Plan, place: Place) -> Status:
    """How far each phase is, and whether somebody is at it."""
    known = place.standings(plan)
    holder = holder_of(place.lease)
    phases: list[PhaseStatus] = []
    for phase in plan.phases:
        standing = known.get(phase.number, Standing())
        state = _shown(phase, standing, is_running=holder is not None)
        phases.append(PhaseStatus(phase.id, phase.name, state, standing.since, standing.detail))
    return Status(plan.name, str(holder) if holder else None, tuple(phases))


def _shown(phase: Phase, standing: Standing, *, is_running: bool) -> str:
    if standing.is_of_another(phase.mark):
        return "changed"
    if standing.state == "undoing" and standing.detail.startswith("failed"):
        return "not undone"
    if standing.state == "waiting" and standing.since:
        return "undone"
    # Where nobody is at it, what the log calls under way was cut off.
    return "interrupted" if standing.state in ("under way", "undoing") and not is_running else standing.state
