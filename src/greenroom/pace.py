"""How far running work is and how long it still takes, told from its steps: stages that share a total are one work."""

from __future__ import annotations

import contextlib
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Before so many seconds, or the end of a first stage, a pace says little: what is read ahead is done in no time.
_SEEN_S = 3.0


@dataclass(slots=True)
class _Stage:
    """first: where it was when it was first seen.  skipped: what it jumped over.  seconds: spent in it since then."""

    first: float
    done: float
    total: float
    skipped: float = 0.0
    seconds: float = 0.0

    @property
    def moved(self) -> float:
        """How much it has done."""
        return max(0.0, self.done - self.first - self.skipped)

    @property
    def left(self) -> float:
        return max(0.0, self.total - self.done)

    @property
    def pace(self) -> float | None:
        """Seconds for one; None as long as it has not moved."""
        return self.seconds / self.moved if self.moved > 0 else None


class Pace:
    """Takes note of steps. What lies between two of them is the earlier one's time.

    Some work goes through its stages once; some alternates between them, piece by piece, each of them counting the
    whole: then what is left is that of all of them. Which there are, the work may say before; else those count that
    have been seen.
    """

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock or time.monotonic
        self._stages: dict[str, _Stage] = {}
        self._shares: dict[str, float] = {}
        self._stage = ""
        self._since = 0.0
        self._was_left = False
        self._furthest = 0.0

    def expect(self, stages: object) -> None:
        """Take the stages that count the same, by the share of each in the time.

        Models are anyone's code: what is no share is not looked at.
        """
        if isinstance(stages, dict):
            shares = {str(stage): number for stage, share in stages.items() if (number := _number(share)) > 0}
            self._shares = shares or self._shares

    def step(self, stage: str, done: float, total: float) -> None:
        """Take a step."""
        moment = self._clock()
        entered = stage != self._stage
        if before := self._stages.get(self._stage):
            before.seconds += moment - self._since
            self._was_left = self._was_left or (entered and self._stage in self._shares)
        self._since = moment
        known = self._stages.get(stage)
        # It begins, or begins anew; a little back it may go, where pieces overlap.
        if known is None or known.total != total or done < known.first:
            known = self._stages[stage] = _Stage(done, done, total)
        elif entered and done > known.done:  # an earlier run had finished what lies between
            known.skipped += done - known.done
        known.done, self._stage = done, stage
        self._furthest = max(self._furthest, self._share())

    @property
    def left(self) -> float | None:
        """About how many seconds are left; None as long as nothing tells."""
        now = self._stages.get(self._stage)
        if now is None:
            return None
        if not self._shares:
            left = self._of_seen(now)
        elif self._stage in self._shares:
            left = self._of_expected(now.total)
        elif any(stage in self._shares for stage in self._stages):
            left = self._of_seen(now)
        else:  # what comes before the work itself says nothing of it
            left = None
        return round(left, 1) if left is not None and math.isfinite(left) else None

    @property
    def share(self) -> float | None:
        """How much of the work is done, 0 to 1, and never less than it was; None where its stages were not said."""
        return self._furthest if self._shares else None

    def _of_seen(self, now: _Stage) -> float | None:
        if now.pace is None and now.done < now.total:
            return None
        paces = [(each, each.pace) for each in self._stages.values() if each.total == now.total]
        parts = [each.left * pace for each, pace in paces if pace is not None and each.left]
        return sum(parts) if parts else None

    def _of_expected(self, total: float) -> float | None:
        known = self._known(total)
        if not any(each.pace for each in known.values()):
            return None
        if not self._was_left and sum(each.seconds for each in known.values() if each.moved) < _SEEN_S:
            return None
        _, left = self._weighed(known, total)
        return left

    def _share(self) -> float:
        """By the time that each stage takes, or usually takes."""
        now = self._stages.get(self._stage)
        if now is None or self._stage not in self._shares:
            return 0.0
        done, left = self._weighed(self._known(now.total), now.total)
        whole = done + left
        return done / whole if 0 < whole < math.inf else 0.0

    def _known(self, total: float) -> dict[str, _Stage]:
        return {stage: each for stage in self._shares if (each := self._stages.get(stage)) and each.total == total}

    def _weighed(self, known: Mapping[str, _Stage], total: float) -> tuple[float, float]:
        """What is done and what is left, in seconds; in shares of the time as long as no time was taken."""
        seen = sum(self._shares[stage] * each.moved for stage, each in known.items() if each.seconds)
        taken = sum(each.seconds for each in known.values() if each.moved)
        # A stage that has not been seen is as fast beside the others as it usually is.
        usual = taken / seen if seen > 0 and taken > 0 else 1.0
        begun = min(each.first for each in known.values())
        done = left = 0.0
        for stage, share in self._shares.items():
            each = known.get(stage) or _Stage(begun, begun, total)
            pace = each.pace or share * usual
            done += each.moved * pace
            left += each.left * pace
        return done, left


def _number(share: Any) -> float:
    """A share as a number, 0 for what is none."""
    with contextlib.suppress(OverflowError):
        if isinstance(share, int | float) and not isinstance(share, bool) and math.isfinite(share):
            return float(share)
    return 0.0
