"""The loop: what it asks, what it tells, and that it goes on where it was broken off."""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
from operator import attrgetter
from pathlib import Path

import pytest
import torch
from torch import Tensor

from greenroom.errors import Cancelled
from greenroom.models.steadydancer.sampling.caching import Cache, Caching
from greenroom.models.steadydancer.sampling.guidance import Guidance, Pass
from greenroom.models.steadydancer.sampling.sampler import VelocityNotFinite, passes, sample
from greenroom.models.steadydancer.sampling.schedule import Schedule, SolverName
from greenroom.models.steadydancer.sampling.solvers import Solver
from greenroom.models.steadydancer.sampling.standing import Standing, kept
from tests.models.steadydancer.sampling.interrupted import (
    GUIDANCE,
    IDENTITY,
    STEPS,
    Network,
    noise,
    sampled,
    until_killed,
)

SCHEDULE = Schedule.of("unipc", STEPS, 5.0)
TOLD = attrgetter("passes", "reused", "expected", "found")


def test_as_published_it_asks_91_times() -> None:
    assert passes(Schedule.of("unipc", 40, 5.0), Guidance()) == 91
    network = Network()
    assert sample(network, noise(), Schedule.of("unipc", 40, 5.0), Guidance()).passes == 91
    assert len(network.asked) == 91


def test_a_distilled_model_is_asked_once_a_step() -> None:
    network, schedule = Network(), Schedule.of("dpm++", 4, 5.0)
    made = sample(network, noise(), schedule, Guidance(1.0, 0.0))
    assert network.asked == [(time, Pass.CONDITIONAL) for time in schedule.times]
    assert made.passes == passes(schedule, Guidance(1.0, 0.0)) == 4


def test_steps_are_those_of_the_solver() -> None:
    made = sample(Network(), noise(), SCHEDULE, GUIDANCE)
    solver, network = Solver(SCHEDULE, noise()), Network()
    for at, time in enumerate(SCHEDULE.times):
        asked = GUIDANCE.passes(at, STEPS)
        solver.step(GUIDANCE.guided({which: network(solver.latents, time, which) for which in asked}))
    assert torch.equal(made.latents, solver.latents)
    assert made.latents.dtype == torch.float32


def test_progress_is_told_in_passes() -> None:
    told: list[tuple[str, float, float]] = []
    sample(Network(), noise(), SCHEDULE, GUIDANCE, lambda *one: told.append(one))
    total = passes(SCHEDULE, GUIDANCE)
    assert total == 21
    assert told == [("sampling", done, total) for done in range(total + 1)]


def test_it_is_stopped_between_passes() -> None:
    network = Network()

    def stop(stage: str, done: float, total: float) -> None:
        if done == 5:
            raise Cancelled

    with pytest.raises(Cancelled):
        sample(network, noise(), SCHEDULE, GUIDANCE, stop)
    assert len(network.asked) == 5


@pytest.mark.parametrize("solver", ["unipc", "dpm++"])
@pytest.mark.parametrize("threshold", [0.0, 0.3])
def test_from_any_step_it_goes_on_to_the_same_bits(solver: SolverName, threshold: float) -> None:
    schedule, caching = Schedule.of(solver, STEPS, 5.0), Caching(threshold)
    stood: list[Standing] = []
    all_asked = Network()
    whole = sample(all_asked, noise(), schedule, GUIDANCE, save=stood.append, caching=caching)
    assert [standing.at for standing in stood] == list(range(1, STEPS + 1))
    assert bool(whole.reused) == bool(threshold)
    for standing in stood:
        told: list[float] = []
        network = Network()
        again = sample(
            network, noise(), schedule, GUIDANCE, lambda _, done, __: told.append(done),  # noqa: B023 - it ends here
            resume=standing, caching=caching,
        )  # fmt: skip
        assert torch.equal(again.latents, whole.latents)
        assert TOLD(again) == TOLD(whole)
        assert told[0] == sum(len(GUIDANCE.passes(at, STEPS)) for at in range(standing.at))
        left = schedule.times[standing.at :]
        assert network.asked == [one for one in all_asked.asked if one[0] in left]


def test_where_it_ended_nothing_is_asked_again(tmp_path: Path) -> None:
    file = tmp_path / "standing.safetensors"
    made = sampled(Network(), "unipc", 0.0, file)
    network = Network()
    assert torch.equal(sampled(network, "unipc", 0.0, file).latents, made.latents)
    assert network.asked == []


@pytest.mark.parametrize("caching", [None, Caching(0.3)], ids=["all", "cached"])
def test_ahead_of_each_step_is_told_what_it_asks(caching: Caching | None) -> None:
    network = Network()
    told: list[tuple[int, Pass]] = []

    def ahead(latents: Tensor, time: int, asked: tuple[Pass, ...]) -> None:
        assert told == network.asked  # all of the step before
        told.extend((time, which) for which in asked)

    made = sample(network, noise(), SCHEDULE, GUIDANCE, caching=caching, ahead=ahead)
    assert told == network.asked
    assert torch.equal(made.latents, sample(Network(), noise(), SCHEDULE, GUIDANCE, caching=caching).latents)


def test_caching_of_no_threshold_is_none() -> None:
    whole, cached = (sample(Network(), noise(), SCHEDULE, GUIDANCE, caching=one) for one in (None, Caching(0.0)))
    assert torch.equal(whole.latents, cached.latents)
    assert cached.reused == 0


def test_what_is_used_again_is_not_asked() -> None:
    network = Network()
    made = sample(network, noise(), SCHEDULE, GUIDANCE, caching=Caching(0.3))
    assert made.reused > 0
    assert len(network.asked) == made.passes == passes(SCHEDULE, GUIDANCE) - made.reused
    assert 0 < made.expected < 0.3
    assert made.found > 0
    exact = sample(Network(), noise(), SCHEDULE, GUIDANCE).latents
    less = sample(Network(), noise(), SCHEDULE, GUIDANCE, caching=Caching(0.1))
    assert not torch.equal(made.latents, exact)
    assert (less.latents - exact).norm() < (made.latents - exact).norm()


def test_each_step_says_where_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Tensor] = []
    stood: list[Standing] = []
    move = Cache.move

    def noting(cache: Cache, latents: Tensor) -> None:
        begun.append(latents)
        move(cache, latents)

    monkeypatch.setattr(Cache, "move", noting)
    sample(Network(), noise(), SCHEDULE, GUIDANCE, save=stood.append, caching=Caching(0.3))
    wanted = [noise(), *(standing.of("solver")["latents"] for standing in stood[:-1])]
    assert all(torch.equal(ours, other) for ours, other in zip(begun, wanted, strict=True))


@pytest.mark.parametrize(("solver", "threshold", "asked"), [("unipc", 0.0, 9), ("dpm++", 0.3, 9)])
def test_a_job_that_is_killed_goes_on_to_the_same_bits(
    solver: SolverName, threshold: float, asked: int, tmp_path: Path
) -> None:
    """kill -9 in the middle of a step's passes; another process goes on behind the step before it."""
    whole, file = Network(), tmp_path / "standing.safetensors"
    wanted = sampled(whole, solver, threshold, tmp_path / "whole.safetensors")
    context = multiprocessing.get_context("spawn")
    hears, tells = context.Pipe(duplex=False)
    process = context.Process(target=until_killed, args=(solver, threshold, file, asked, tells), daemon=True)
    process.start()
    assert hears.poll(60)
    time = hears.recv()
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(10)
    assert process.exitcode == -signal.SIGKILL
    standing = kept(file, IDENTITY)
    assert standing is not None
    assert Schedule.of(solver, STEPS, 5.0).times[standing.at] == time
    assert standing.at > 2
    network = Network()
    again = sampled(network, solver, threshold, file)
    assert torch.equal(again.latents, wanted.latents)
    assert network.asked == [one for one in whole.asked if one[0] <= time]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_ends_it_and_is_not_kept(value: float) -> None:
    network = Network()
    stood: list[Standing] = []

    def broken(latents: Tensor, at: int, which: Pass) -> Tensor:
        velocity = network(latents, at, which)
        velocity[0, 0, 0, 0] = value if len(network.asked) == 6 else 0
        return velocity

    with pytest.raises(VelocityNotFinite, match="step 3"):
        sample(broken, noise(), SCHEDULE, GUIDANCE, save=stood.append)
    assert [standing.at for standing in stood] == [1, 2]
    assert all(standing.of("solver")["latents"].isfinite().all() for standing in stood)


def test_velocities_of_half_precision_are_summed_in_float32() -> None:
    network = Network()

    def half(latents: Tensor, at: int, which: Pass) -> Tensor:
        return network(latents, at, which).bfloat16()

    made = sample(half, noise(), SCHEDULE, GUIDANCE).latents
    wanted = sample(lambda *asked: half(*asked).float(), noise(), SCHEDULE, GUIDANCE).latents
    assert torch.equal(made, wanted)
