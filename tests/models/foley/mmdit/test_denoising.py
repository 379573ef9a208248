"""A step that does only what changes equals one that does everything, written out as the original has it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from greenroom.models.foley.mmdit.course import Course
from greenroom.models.foley.mmdit.denoising import Denoising, velocities
from greenroom.models.foley.mmdit.fixed import Features, conditions, fix
from greenroom.models.foley.mmdit.schedule import sigmas, times
from greenroom.models.foley.mmdit.transformer import MMDiT
from tests.models.foley.networks import TINY, denoiser_of, features_of, normal

LENGTH = 21


def plain(network: MMDiT, latents: Tensor, at: Tensor, features: Features, guidance: float) -> Tensor:
    """One guided velocity: everything made anew, for each row of [unconditional; conditional]."""
    samples, frames, tokens = len(latents), len(features.visual), len(features.sync)
    text = torch.stack((features.negative, features.text)).repeat_interleave(samples, dim=0)
    visual = torch.stack((network.empty_clip_feat.expand(frames, -1), features.visual)).repeat_interleave(samples, 0)
    sync = torch.stack((network.empty_sync_feat.expand(tokens, -1), features.sync)).repeat_interleave(samples, 0)
    rows: Tensor = network(torch.cat((latents, latents)), at.expand(2 * samples), text, visual, sync)
    free, given = rows.chunk(2)
    if guidance <= 1:
        return given
    return free + guidance * (given - free)


@pytest.mark.parametrize("guidance", [4.5, 1.0])
@pytest.mark.parametrize("samples", [1, 3])
@torch.inference_mode()
def test_steps_equal_those_that_make_everything_anew(samples: int, guidance: float) -> None:
    network, features, shares = denoiser_of(), features_of(), sigmas(3)
    state = noise = normal(samples, TINY.latent, LENGTH)
    course = Course(network)
    course.set(shares)
    denoising = Denoising(network, fix(network, conditions(network, features, guidance), samples, LENGTH), course)
    denoising.begin(noise, guidance)
    for at, length in zip(times(shares), shares.diff(), strict=True):
        velocity = plain(network, state, at, features, guidance)
        torch.testing.assert_close(denoising.velocity(), velocity, atol=2e-5, rtol=1e-4)
        state = state + velocity * length
        denoising.advance()
        torch.testing.assert_close(denoising.latents, state, atol=2e-5, rtol=1e-4)


@torch.inference_mode()
def test_a_sample_does_not_depend_on_those_beside_it() -> None:
    network, features, latents = denoiser_of(), features_of(), normal(3, TINY.latent, LENGTH)
    course = Course(network)
    course.set(sigmas(2))
    given = conditions(network, features, 4.5)
    together = velocities(network, latents, fix(network, given, 3, LENGTH), course.now())
    for sample in range(3):
        one = latents[sample : sample + 1]
        alone = velocities(network, one, fix(network, given, 1, LENGTH), course.now())
        torch.testing.assert_close(alone[:, 0], together[:, sample], atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_what_a_step_writes_stays_where_it_is() -> None:
    network, features = denoiser_of(), features_of()
    course = Course(network)
    course.set(sigmas(2))
    denoising = Denoising(network, fix(network, conditions(network, features, 4.5), 1, LENGTH), course)
    place = denoising.latents.data_ptr()
    denoising.begin(normal(1, TINY.latent, LENGTH), 4.5)
    denoising.advance()
    assert denoising.latents.data_ptr() == place


@torch.inference_mode()
def test_between_steps_it_is_in_float32_whatever_the_network_is_in() -> None:
    network, features = denoiser_of(dtype=torch.bfloat16), features_of()
    course = Course(network)
    course.set(sigmas(2))
    denoising = Denoising(network, fix(network, conditions(network, features, 4.5), 1, LENGTH), course)
    denoising.begin(normal(1, TINY.latent, LENGTH), 4.5)
    denoising.advance()
    assert denoising.latents.dtype == torch.float32
    assert denoising.latents.isfinite().all()
    assert denoising.velocity().dtype == torch.float32
