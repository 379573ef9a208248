"""At which noise the network is asked: a straight line from noise to data (arXiv 2210.02747), bent towards noise.

A sigma is the share of noise, from nearly 1 down to 0; the rest, 1 - sigma, is data. The network is asked at whole
numbers, 1000 * sigma with what follows the point cut off, and predicts noise - data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from greenroom.errors import InputInvalid, UnknownName

if TYPE_CHECKING:
    from numpy.typing import NDArray

SolverName = Literal["unipc", "dpm++"]
"""How a step is solved; each has a schedule of its own."""

TIMES = 1000
"""At the last one there is noise alone."""

# Before it is bent; UniPC does not begin at noise alone, where its formulas have no value.
_FIRST: dict[SolverName, float] = {"unipc": float(np.float32(0.999)), "dpm++": 1.0}


@dataclass(frozen=True, slots=True)
class Schedule:
    """The steps of a request. times: of each step, what the network is told.  sigmas: before each step, and 0 behind
    the last; numbers of float32."""

    solver: SolverName
    shift: float
    times: tuple[int, ...]
    sigmas: tuple[float, ...]

    @classmethod
    def of(cls, solver: SolverName, steps: int, shift: float) -> Schedule:
        """A schedule as the original makes it. shift: bends it (arXiv 2403.03206, 5.3.2); 1 for not.

        Raises InputInvalid, UnknownName.
        """
        if solver not in get_args(SolverName):
            raise UnknownName("solver", solver, get_args(SolverName))
        if steps < 1:
            raise InputInvalid(f"steps is {steps}", mend="give 1 or more")
        if not (math.isfinite(shift) and shift > 0):
            raise InputInvalid(f"shift is {shift}", mend="give a number above 0")
        # The whole of it in float64, and cut or rounded at its end, as times lie close to whole numbers.
        bent = _bent(np.linspace(_FIRST[solver], 0, steps + 1)[:-1], shift)
        sigmas = np.append(bent, 0).astype(np.float32)
        if not (np.diff(sigmas) < 0).all():  # a step that leads nowhere has no solution
            raise InputInvalid(
                f"shift is {shift:g}, which makes some of {steps} steps one",
                mend="give one nearer to 1, or fewer steps",
            )
        return cls(solver, shift, tuple(int(sigma * TIMES) for sigma in bent), tuple(map(float, sigmas)))

    @property
    def steps(self) -> int:
        """How many there are."""
        return len(self.times)


def _bent(even: NDArray[np.float64], shift: float) -> NDArray[np.float64]:
    bent: NDArray[np.float64] = shift * even / (1 + (shift - 1) * even)
    return bent
