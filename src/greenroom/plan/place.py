"""Where a plan is at home: the folder its scripts run in, and the folder of its log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from greenroom.plan.activity import entries, standings

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.plan.activity import Standing
    from greenroom.plan.plan import Plan

_ACTIVITY = "activity"
_USUAL = "PLAN"


@dataclass(frozen=True, slots=True)
class Place:
    """folder: what paths are relative to.  activity: of the log.  document: the file, as findings show it.

    is_held: whoever runs the plan keeps all others away from the folder already, so no lease is taken for it.
    """

    folder: Path
    activity: Path
    document: str | None = None
    is_held: bool = False

    @classmethod
    def of(cls, path: Path) -> Self:
        """Of a plan in a file. The log of PLAN.md is in ``activity`` beside it, that of another below, by its name."""
        folder = path.absolute().parent
        activity = folder / _ACTIVITY
        return cls(folder, activity if path.stem == _USUAL else activity / path.stem, str(path))

    @property
    def lease(self) -> Path:
        """Held by whoever runs the plan."""
        return self.activity / ".lease"

    def standings(self, plan: Plan) -> dict[int, Standing]:
        """How far the phases of a plan are, as the log says, by number."""
        known = standings(entries(self.activity))
        return {phase.number: known[phase.number] for phase in plan.phases if phase.number in known}
