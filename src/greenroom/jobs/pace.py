"""How long running work will still take, told from its steps: stages that share a total are parts of one work."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(slots=True)
class _Stage:
    """first: where it was when it was first seen.  seconds: spent in it since then."""

    first: float
    done: float
    total: float
    seconds: float = 0.0

    @property
    def pace(self) -> float | None:
        """Seconds for one; None as long as it has not moved."""
        return self.seconds / (self.done - self.first) if self.done > self.first else None


class Pace:
    """Takes note of steps. What lies between two of them is the earlier one's time.

    Some work goes through its stages once; some alternates between them, piece by piece, each of them counting the
    whole: then what is left is that of all of them. Which there are, the work may say before; else those count that
    have been seen.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stages: dict[str, _Stage] = {}
        self._shares: dict[str, float] = {}
        self._now: _Stage | None = None
        self._since = 0.0

    def expect(self, plan: Mapping[str, Any]) -> None:
        """Take a plan: its ``stages``, if it has some, are those that count the same, by the share of each in the time.

        Models are anyone's code: what is no share is not looked at.
        """
        stages = plan.get("stages")
        if isinstance(stages, dict):
            shares = {str(stage): share for stage, share in stages.items() if isinstance(share, int | float)}
            self._shares = {stage: float(share) for stage, share in shares.items() if 0 < share < math.inf}

    def left(self, stage: str, done: float, total: float) -> float | None:
        """Take a step; gives about how many seconds are left, None as long as nothing tells."""
        moment = self._clock()
        if self._now is not None:
            self._now.seconds += moment - self._since
        self._since = moment
        known = self._stages.get(stage)
        # It begins, or begins anew; a little back it may go, where pieces overlap.
        if known is None or known.total != total or done < known.first:
            known = self._stages[stage] = _Stage(done, done, total)
        known.done, self._now = done, known
        left = self._of_expected(total) if stage in self._shares else self._of_seen(known)
        return round(left, 1) if left is not None and math.isfinite(left) else None

    def _of_seen(self, now: _Stage) -> float | None:
        if now.pace is None and now.done < now.total:
            return None
        paces = [(each, each.pace) for each in self._stages.values() if each.total == now.total]
        parts = [(each.total - each.done) * pace for each, pace in paces if pace is not None and each.done < each.total]
        return sum(parts) if parts else None

    def _of_expected(self, total: float) -> float | None:
        known = {stage: each for stage in self._shares if (each := self._stages.get(stage)) and each.total == total}
        paces = {stage: pace for stage, each in known.items() if (pace := each.pace) is not None}
        if not paces:
            return None
        # A stage that has not been seen is as fast beside the others as it usually is.
        usual = sum(paces.values()) / sum(self._shares[stage] for stage in paces)
        begun = min(each.first for each in known.values())
        return sum(
            max(0.0, total - (known[stage].done if stage in known else begun)) * paces.get(stage, share * usual)
            for stage, share in self._shares.items()
        )
