"""Fixed-step solvers of the flow's differential equation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from greenroom.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor

METHODS = ("euler", "midpoint")


def evaluated_times(times: Tensor, method: str = "euler") -> Tensor:
    """The times at which a solver asks for the velocity, in its order: (steps,) of Euler, (2 * steps,) of midpoint.

    times: of the grid, (steps + 1,). Raises UnknownName.
    """
    if method not in METHODS:
        raise UnknownName("solver", method, METHODS)
    starts = times[:-1]
    if method == "euler":
        return starts
    return torch.stack((starts, starts + 0.5 * times.diff()), dim=1).flatten()


def solve(
    state: Tensor, times: Tensor, velocity: Callable[[Tensor, int], Tensor], method: str = "euler"
) -> Iterator[Tensor]:
    """Follow the flow from a state over a grid, on the CPU, of (steps + 1,) times; one state per step.

    velocity: of a state, at one of the ``evaluated_times``, which is named by its place there.
    """
    for step, length in enumerate(times.diff().tolist()):
        if method == "euler":
            state = state + length * velocity(state, step)
        else:
            middle = state + 0.5 * length * velocity(state, 2 * step)
            state = state + length * velocity(middle, 2 * step + 1)
        yield state
