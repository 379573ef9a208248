"""Answers that are used again."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from greenroom.errors import InputInvalid
from greenroom.models.steadydancer.sampling.caching import Cache, Caching
from greenroom.models.steadydancer.sampling.guidance import Pass

PASS = Pass.CONDITIONAL
STEPS = 20


def latents(at: float) -> Tensor:
    return torch.full((2, 3), float(at))


def went(cache: Cache, velocities: list[float], until: int) -> list[int]:
    """Steps that were computed; latents go 1 a step."""
    computed: list[int] = []
    for at in range(until):
        cache.move(latents(at))
        if cache.velocity(PASS, at) is None:
            computed.append(at)
            cache.computed(PASS, torch.full((2, 3), velocities[at]))
    return computed


def test_it_is_computed_again_once_it_would_have_changed_by_so_much() -> None:
    # A hundredth of the first for each step: used again as long as it is below 4.5 % of the last.
    slow = [1 + at / 100 for at in range(STEPS)]
    cache = Cache(Caching(0.045), STEPS)
    assert went(cache, slow, STEPS) == [0, 1, 2, 3, 8, 13, 19]
    assert cache.reused == STEPS - 7
    assert 0.04 < cache.expected < 0.045


def test_what_it_cost_is_told() -> None:
    """What is found is a step more than what was let pass, since there is none to see in between."""
    slow = [1 + at / 100 for at in range(STEPS)]
    cache = Cache(Caching(0.045), STEPS)
    went(cache, slow, 8)
    assert cache.found == 0
    went_on = [1 + at / 100 for at in range(STEPS)]
    went_on[8] += 0.5
    other = Cache(Caching(0.045), STEPS)
    went(other, went_on, 9)
    assert other.found == pytest.approx((0.05 + 0.5) / went_on[8])
    assert other.expected < 0.045
    every = Cache(Caching(0.0), STEPS)
    went(every, slow, STEPS)
    assert (every.reused, every.expected, every.found) == (0, 0, 0)


def test_the_first_steps_and_the_last_are_computed() -> None:
    still = [1 + at * 1e-6 for at in range(STEPS)]
    assert went(Cache(Caching(0.1), STEPS), still, STEPS) == [0, 1, 2, 3, 19]


def test_what_changes_is_always_computed() -> None:
    wild = [float((-1) ** at) for at in range(STEPS)]
    assert went(Cache(Caching(0.1), STEPS), wild, STEPS) == list(range(STEPS))


def test_a_pass_that_begins_later_is_computed_twice_first() -> None:
    cache = Cache(Caching(10.0), STEPS)
    computed = []
    for at in range(8, 12):
        cache.move(latents(at))
        if cache.velocity(Pass.OTHER_POSE, at) is None:
            computed.append(at)
            cache.computed(Pass.OTHER_POSE, torch.ones(2, 3) + at / 1000)
    assert computed == [8, 9]


def test_passes_do_not_know_of_each_other() -> None:
    cache = Cache(Caching(0.05), STEPS)
    asked: dict[Pass, list[int]] = {PASS: [], Pass.UNCONDITIONAL: []}
    for at in range(STEPS):
        cache.move(latents(at))
        for which, pace in ((PASS, 0.01), (Pass.UNCONDITIONAL, 1.0)):
            if cache.velocity(which, at) is None:
                asked[which].append(at)
                cache.computed(which, torch.ones(2, 3) * (1 + pace * at))
    assert len(asked[PASS]) < STEPS / 2
    assert asked[Pass.UNCONDITIONAL][:6] == list(range(6))


@pytest.mark.parametrize("broken_at", [0, 1, 5, 7, 12, STEPS])
def test_a_state_goes_on_the_same_way(broken_at: int) -> None:
    slow = [1 + at / 100 for at in range(STEPS)]
    whole, first = Cache(Caching(0.045), STEPS), Cache(Caching(0.045), STEPS)
    computed = went(whole, slow, STEPS)
    went(first, slow, broken_at)
    second = Cache(Caching(0.045), STEPS)
    second.restore(first.state(), torch.device("cpu"))
    for at in range(broken_at, STEPS):
        second.move(latents(at))
        known = second.velocity(PASS, at)
        assert (known is None) == (at in computed)
        if known is None:
            second.computed(PASS, torch.full((2, 3), slow[at]))
    assert (second.reused, second.expected, second.found) == (whole.reused, whole.expected, whole.found)
    assert whole.found > 0


@pytest.mark.parametrize("threshold", [-0.1, math.nan, math.inf])
def test_what_is_no_threshold_is_refused(threshold: float) -> None:
    with pytest.raises(InputInvalid):
        Caching(threshold)
