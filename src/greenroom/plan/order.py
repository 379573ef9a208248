"""In which order the phases of a plan would start, and which of them together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.plan.paths import may_run_beside

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.plan.plan import Phase, Plan


def groups(plan: Plan, folder: Path, jobs: int) -> tuple[tuple[Phase, ...], ...]:
    """The phases in groups that run side by side, as if all took the same time. What can never start is in none."""
    done: set[int] = set()
    left = list(plan.phases)
    found: list[tuple[Phase, ...]] = []
    while ready := [phase for phase in left if done.issuperset(phase.needs)]:
        group: list[Phase] = []
        for phase in ready:
            if len(group) < jobs and all(may_run_beside(phase, other, folder) for other in group):
                group.append(phase)
        found.append(tuple(group))
        done.update(phase.number for phase in group)
        left = [phase for phase in left if phase not in group]
    return tuple(found)
