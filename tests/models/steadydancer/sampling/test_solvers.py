"""Solvers along a schedule; the goldens hold them to the original's."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from greenroom.models.steadydancer.sampling.schedule import Schedule, SolverName
from greenroom.models.steadydancer.sampling.solvers import Solver

SOLVERS: tuple[SolverName, ...] = ("unipc", "dpm++")


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("steps", [1, 2, 3, 7])
def test_data_that_stays_as_it_is_is_reached(solver: SolverName, steps: int) -> None:
    """The flow's own solution, whatever the steps are: straight lines."""
    data, going = normal(3, 4, seed=1), Solver(Schedule.of(solver, steps, 5.0), normal(3, 4))
    for at in range(steps):
        going.step((going.latents - data) / going.schedule.sigmas[at])
    torch.testing.assert_close(going.latents, data)


def off(solver: SolverName, steps: int) -> float:
    """How far from a flow that is known, half way: data is 0.3 + 2 sigma, x is 0.3 + sigma - 2 sigma ln(sigma)."""
    schedule = Schedule.of(solver, steps, 1.0)

    def known(at: int) -> float:
        sigma = schedule.sigmas[at]
        return 0.3 + sigma - 2 * sigma * math.log(sigma)

    going = Solver(schedule, torch.tensor([known(0)]))
    for at in range(steps // 2):
        sigma = schedule.sigmas[at]
        going.step((going.latents - (0.3 + 2 * sigma)) / sigma)
    return abs(float(going.latents) - known(steps // 2))


@pytest.mark.parametrize("solver", SOLVERS)
def test_solvers_are_of_second_order(solver: SolverName) -> None:
    """Steps of half the length are four times as near, at least."""
    assert off(solver, 20) < off(solver, 10) / 3.5
    assert off(solver, 40) < off(solver, 20) / 3.5


def test_correcting_is_nearer() -> None:
    assert off("unipc", 20) < off("dpm++", 20) / 2


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("broken_at", [0, 1, 2, 5])
def test_a_state_goes_on_to_the_same_bits(solver: SolverName, broken_at: int) -> None:
    schedule, velocities = Schedule.of(solver, 6, 5.0), normal(6, 2, 3, seed=1)
    whole, first = Solver(schedule, normal(2, 3)), Solver(schedule, normal(2, 3))
    for velocity in velocities:
        whole.step(velocity)
    for velocity in velocities[:broken_at]:
        first.step(velocity)
    second = Solver(schedule, torch.zeros(2, 3))
    second.restore({name: tensor.clone() for name, tensor in first.state().items()})
    assert second.at == broken_at
    for velocity in velocities[broken_at:]:
        second.step(velocity)
    assert torch.equal(second.latents, whole.latents)


def test_noise_is_not_written_to() -> None:
    noise = normal(2, 3)
    going = Solver(Schedule.of("unipc", 3, 5.0), noise)
    for velocity in normal(3, 2, 3, seed=1):
        going.step(velocity)
    assert torch.equal(noise, normal(2, 3))


def test_velocities_of_half_precision_leave_latents_in_float32() -> None:
    going = Solver(Schedule.of("unipc", 3, 5.0), normal(2, 3))
    assert going.step(normal(2, 3, seed=1).bfloat16()).dtype == torch.float32
