"""What the network is asked at a step, and how its answers become one velocity.

Texts guide everywhere (arXiv 2207.12598), as u + text * (c - u). In a window of steps a third answer, to the same text
and other poses, is pushed away from: + pose * (c - p). That term is added beside the first; it is not nested in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from greenroom.errors import InputInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor


class Pass(Enum):
    """One run of the network at a step. Texts: the prompt, or the negative one; poses: the driving ones, or others."""

    CONDITIONAL = "conditional"
    """The prompt and the driving poses."""

    UNCONDITIONAL = "unconditional"
    """The negative text and the driving poses."""

    OTHER_POSE = "other pose"
    """The prompt and the negative poses."""


@dataclass(frozen=True, slots=True)
class Guidance:
    """How strongly what guides. Raises InputInvalid.

    text: 1 for none.  pose: 0 for none.  begin, end: shares of the steps between which poses guide, both left out.
    """

    text: float = 5.0
    pose: float = 1.0
    begin: float = 0.1
    end: float = 0.4

    def __post_init__(self) -> None:
        for name in ("text", "pose", "begin", "end"):
            if not math.isfinite(getattr(self, name)):
                raise InputInvalid(f"guidance {name} is {getattr(self, name)}", mend="give a number")

    def passes(self, at: int, steps: int) -> tuple[Pass, ...]:
        """Which passes a step needs, in the order in which they are made. at: counted from 0."""
        asked = [Pass.CONDITIONAL]
        if self.text != 1:
            asked.append(Pass.UNCONDITIONAL)
        # As the original divides: where the quotient is the bound itself, poses do not guide.
        if self.pose != 0 and self.begin < at / steps < self.end:
            asked.append(Pass.OTHER_POSE)
        return tuple(asked)

    def count(self, steps: int) -> int:
        """Passes of a whole schedule: 91 of 40 steps as published."""
        return sum(len(self.passes(at, steps)) for at in range(steps))

    def guided(self, answers: Mapping[Pass, Tensor]) -> Tensor:
        """One velocity of a step's answers, those that ``passes`` asks for; of their type."""
        conditional = answers[Pass.CONDITIONAL]
        velocity = conditional
        if Pass.UNCONDITIONAL in answers:
            unconditional = answers[Pass.UNCONDITIONAL]
            velocity = unconditional + self.text * (conditional - unconditional)
        if Pass.OTHER_POSE in answers:
            velocity = velocity + self.pose * (conditional - answers[Pass.OTHER_POSE])
        return velocity
