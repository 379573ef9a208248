"""Requests one after another, with and without graphs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from greenroom.errors import Cancelled
from greenroom.models.foley import sampler as sampler_module
from greenroom.models.foley.course import Course
from greenroom.models.foley.denoising import Denoising
from greenroom.models.foley.fixed import conditions, fix
from greenroom.models.foley.sampler import Sampler
from greenroom.models.foley.schedule import sigmas
from tests.models.f5tts.recorded import Repeated
from tests.models.foley.networks import TINY, denoiser_of, features_of, normal

LENGTH = 21
NOISE = normal(2, TINY.latent, LENGTH)


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """What was recorded, as on a GPU."""
    works: list[Callable[[], None]] = []

    class Noted(Repeated[None]):
        def __init__(self, work: Callable[[], None], pool: object) -> None:
            works.append(work)
            super().__init__(work, pool)

    monkeypatch.setattr(sampler_module, "Recorded", Noted)
    return works


def alone(noise: Tensor = NOISE, guidance: float = 4.5) -> Tensor:
    """Latents of a request by a sampler of its own, without graphs."""
    return Sampler(denoiser_of()).sample(features_of(), noise, steps=3, guidance=guidance)


@torch.inference_mode()
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_it_goes_as_many_steps_as_are_asked_for(steps: int) -> None:
    network, features = denoiser_of(), features_of()
    course = Course(network)
    course.set(sigmas(steps))
    denoising = Denoising(network, fix(network, conditions(network, features, 4.5), 2, LENGTH), course)
    denoising.begin(NOISE, 4.5)
    for _ in range(steps):
        denoising.advance()
    assert torch.equal(Sampler(network).sample(features, NOISE, steps=steps), denoising.latents)


def test_requests_of_a_size_share_a_graph(recorded: list[Callable[[], None]]) -> None:
    sampler = Sampler(denoiser_of(), graphs=True)
    for words, steps, guidance in ((6, 3, 4.5), (9, 3, 4.5), (16, 2, 7.0), (6, 3, 4.5)):
        features = features_of(words=words, seed=words)
        latents = sampler.sample(features, NOISE, steps=steps, guidance=guidance)
        wanted = Sampler(denoiser_of()).sample(features, NOISE, steps=steps, guidance=guidance)
        torch.testing.assert_close(latents, wanted, atol=1e-5, rtol=1e-5)
    assert len(recorded) == 1
    sampler.sample(features_of(), NOISE, steps=2, guidance=1.0)
    assert len(recorded) == 2


def test_graphs_of_the_last_sizes_are_kept(recorded: list[Callable[[], None]]) -> None:
    sampler = Sampler(denoiser_of(), graphs=True)

    def sample(length: int) -> None:
        sampler.sample(features_of(), normal(1, TINY.latent, length), steps=1)

    for length in (10, 11, 12, 13, 10, 14, 10, 11):
        sample(length)
    assert len(recorded) == 6  # 14 took the place of 11
    sampler.forget()
    sample(11)
    assert len(recorded) == 7


def test_what_was_sampled_stays_when_another_is(recorded: list[Callable[[], None]]) -> None:
    sampler = Sampler(denoiser_of(), graphs=True)
    first = sampler.sample(features_of(seed=0), NOISE, steps=1)
    kept = first.clone()
    sampler.sample(features_of(seed=10), NOISE, steps=1)
    assert torch.equal(first, kept)


def test_the_same_noise_gives_the_same_sound_and_another_another() -> None:
    assert torch.equal(alone(), alone())
    assert not torch.allclose(alone(), alone(NOISE.flip(0)))


def test_guidance_counts() -> None:
    one, strong = alone(guidance=1.0), alone(guidance=9.0)
    assert (one - strong).abs().max() > 1e-3


def test_it_says_where_it_stands_and_stops_between_steps() -> None:
    stages: list[tuple[str, float, float]] = []

    def step(stage: str, done: float, total: float) -> None:
        stages.append((stage, done, total))
        if done == 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        Sampler(denoiser_of()).sample(features_of(), NOISE, steps=3, step=step)
    assert stages == [("sampling", 0, 3), ("sampling", 1, 3)]
