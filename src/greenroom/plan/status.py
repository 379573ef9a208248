"""How far a plan is, by its log; nothing is run to say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.leases import holder_of
from greenroom.plan.activity import Standing

if TYPE_CHECKING:
    from greenroom.plan.place import Place
    from greenroom.plan.plan import Plan


@dataclass(frozen=True, slots=True)
class PhaseStatus:
    """A phase. state: as the log left it.  since: when that was.  detail: what the log said last."""

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
        state = standing.state
        # Nobody is at it: what the log calls under way was cut off.
        shown = "interrupted" if state in ("under way", "undoing") and holder is None else state
        phases.append(PhaseStatus(phase.id, phase.name, shown, standing.since, standing.detail))
    return Status(plan.name, str(holder) if holder else None, tuple(phases))
