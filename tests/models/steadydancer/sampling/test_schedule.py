"""At which noise the network is asked."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.errors import InputInvalid, UnknownName
from greenroom.models.steadydancer.sampling.schedule import Schedule, SolverName

SOLVERS: tuple[SolverName, ...] = ("unipc", "dpm++")


@given(st.sampled_from(SOLVERS), st.integers(1, 200), st.floats(0.05, 20))
def test_noise_falls_to_none(solver: SolverName, steps: int, shift: float) -> None:
    schedule = Schedule.of(solver, steps, shift)
    assert schedule.steps == len(schedule.times) == steps == len(schedule.sigmas) - 1
    assert schedule.sigmas[-1] == 0
    assert all(now > then for now, then in zip(schedule.sigmas[:-1], schedule.sigmas[1:], strict=True))
    assert schedule.times == tuple(sorted(schedule.times, reverse=True))
    assert all(0 <= time <= 1000 for time in schedule.times)


def test_only_one_solver_begins_at_noise_alone() -> None:
    assert Schedule.of("dpm++", 8, 5.0).sigmas[0] == 1
    assert Schedule.of("dpm++", 8, 5.0).times[0] == 1000
    assert 0.9997 < Schedule.of("unipc", 8, 5.0).sigmas[0] < 1
    assert Schedule.of("unipc", 8, 5.0).times[0] == 999


def test_times_are_cut_off_and_not_rounded() -> None:
    times = Schedule.of("dpm++", 40, 5.0).times
    assert times[1] == 994  # 994.9
    assert times == tuple(math.floor(5000 * x / (1 + 4 * x)) for x in (1 - n / 40 for n in range(40)))


@pytest.mark.parametrize(("steps", "shift"), [(0, 5.0), (-1, 5.0), (4, 0.0), (4, -1.0), (4, math.nan), (4, math.inf)])
def test_what_is_no_schedule_is_refused(steps: int, shift: float) -> None:
    with pytest.raises(InputInvalid):
        Schedule.of("unipc", steps, shift)


@pytest.mark.parametrize(("solver", "shift"), [("unipc", 1e-300), ("unipc", 1e9), ("dpm++", 1e9)])
def test_steps_that_lead_nowhere_are_refused(solver: SolverName, shift: float) -> None:
    with pytest.raises(InputInvalid, match="makes some of 40 steps one"):
        Schedule.of(solver, 40, shift)


def test_a_solver_that_is_none_is_refused() -> None:
    with pytest.raises(UnknownName, match="unipc"):
        Schedule.of("euler", 4, 5.0)  # type: ignore[arg-type]  # as from a file
