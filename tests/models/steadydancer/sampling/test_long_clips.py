"""A clip of two windows through a small dancer."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from greenroom.models.steadydancer.dancer.fixed import Fixed, fix, velocity
from greenroom.models.steadydancer.sampling.blending import Windowed
from greenroom.models.steadydancer.sampling.guidance import Guidance, Pass
from greenroom.models.steadydancer.sampling.sampler import sample
from greenroom.models.steadydancer.sampling.schedule import Schedule
from greenroom.models.steadydancer.sampling.standing import Standing
from greenroom.models.steadydancer.sampling.windows import OVERLAP, sampled_length, windows
from tests.models.steadydancer.networks import HEIGHT, TINY, WIDTH, conditions_of, dancer_of, normal

LENGTH = 37
SCHEDULE = Schedule.of("unipc", 4, 5.0)
GUIDANCE = Guidance(5.0, 1.0, 0.2, 0.6)
WINDOWS = windows(LENGTH)
NETWORK = dancer_of()


def fixed_of(seed: int) -> Fixed:
    """Of a window with poses of its own and the picture that all have."""
    given, size = conditions_of(), (21, HEIGHT, WIDTH)
    y = torch.cat([torch.zeros(4, *size).index_fill(1, torch.tensor(0), 1.0), normal(TINY.latent, *size, seed=5)])
    pose, other = (normal(TINY.latent, *size, seed=seed + more) for more in (0, 100))
    return fix(NETWORK, replace(given, y=y, pose=pose, negative_pose=other))


def noise() -> Tensor:
    return normal(TINY.latent, sampled_length(LENGTH), HEIGHT, WIDTH)


def asked(seeds: tuple[int, int] = (20, 21)) -> Windowed:
    fixed = [fixed_of(seed) for seed in seeds]

    def ask(place: int, latents: Tensor, time: int, which: Pass) -> Tensor:
        return velocity(NETWORK, fixed[place], latents, time, which)

    return Windowed(WINDOWS, ask)


@pytest.fixture(scope="module")
def whole() -> tuple[Tensor, list[Standing]]:
    """A clip, and where it stood behind each step."""
    stood: list[Standing] = []
    return sample(asked(), noise(), SCHEDULE, GUIDANCE, save=stood.append).latents, stood


def test_windows_count_where_they_are(whole: tuple[Tensor, list[Standing]]) -> None:
    """Where one window is alone, the clip is that window's; neighbours go over into each other between."""
    made, _ = whole
    other = sample(asked((20, 22)), noise(), SCHEDULE, GUIDANCE).latents
    off = (made - other).abs().amax((0, 2, 3))
    first = WINDOWS[0].stop - OVERLAP
    assert made.shape == noise().shape
    assert made.isfinite().all()
    assert off[WINDOWS[0].stop :].min() > 0.01  # the second window's, its head among them
    assert off[:first].max() < off[WINDOWS[0].stop : LENGTH].min()


def test_a_long_clip_goes_on_to_the_same_bits(whole: tuple[Tensor, list[Standing]]) -> None:
    made, stood = whole
    assert torch.equal(sample(asked(), noise(), SCHEDULE, GUIDANCE, resume=stood[1]).latents, made)
