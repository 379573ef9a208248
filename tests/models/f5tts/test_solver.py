"""Solvers, on an equation whose solution is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from greenroom.errors import UnknownName
from greenroom.models.f5tts.solver import evaluated_times, solve


def end_of(method: str, steps: int) -> float:
    """x' = x + t from x(0) = 1, at 1."""
    times = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
    at = evaluated_times(times, method)

    def velocity(state: Tensor, place: int) -> Tensor:
        return state + at[place]

    *_, end = solve(torch.ones((), dtype=torch.float64), times, velocity, method)
    return float(end)


@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("midpoint", 2)])
def test_the_error_falls_by_the_method_s_order(method: str, order: int) -> None:
    solution = 2 * math.e - 2
    ratio = (end_of(method, 50) - solution) / (end_of(method, 100) - solution)
    assert ratio == pytest.approx(2**order, rel=0.05)


def test_each_step_is_given() -> None:
    states = list(solve(torch.zeros(2), torch.tensor([0.0, 0.25, 1.0]), lambda state, place: torch.ones_like(state)))
    assert [state.tolist() for state in states] == [[0.25, 0.25], [1.0, 1.0]]


def test_midpoint_asks_twice_a_step() -> None:
    times = torch.tensor([0.0, 0.5, 1.0])
    assert evaluated_times(times, "midpoint").tolist() == [0.0, 0.25, 0.5, 0.75]
    assert evaluated_times(times, "euler").tolist() == [0.0, 0.5]


def test_an_unknown_solver_is_named() -> None:
    with pytest.raises(UnknownName, match="'rk4'"):
        evaluated_times(torch.tensor([0.0, 1.0]), "rk4")
