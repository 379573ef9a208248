"""Shares of noise, times, steps and guidance. Equality with the original: test_parity_denoiser."""

from __future__ import annotations

import pytest
import torch

from greenroom.errors import InputInvalid
from greenroom.models.foley.mmdit.schedule import guided, sigmas, stepped, times
from tests.models.foley.networks import normal


def test_shares_fall_from_noise_to_data() -> None:
    assert sigmas(4).tolist() == [1, 0.75, 0.5, 0.25, 0]
    assert times(sigmas(4)).tolist() == [1000, 750, 500, 250]
    with pytest.raises(InputInvalid):
        sigmas(0)


@pytest.mark.parametrize("bent", [sigmas(8, shift=3.0), sigmas(8, tokens=400)])
def test_a_shift_bends_towards_noise_and_keeps_the_ends(bent: torch.Tensor) -> None:
    assert (bent[1:-1] > sigmas(8)[1:-1]).all()
    assert (bent[0].item(), bent[-1].item()) == (1, 0)


@pytest.mark.parametrize("steps", [1, 3, 50])
def test_a_model_that_knows_the_line_gives_back_the_data(steps: int) -> None:
    data, noise = normal(4, 16), normal(4, 16, seed=1)
    state = noise
    for length in sigmas(steps).diff():
        state = stepped(state, noise - data, length)
    torch.testing.assert_close(state, data, atol=1e-5, rtol=0)


def test_guidance_goes_beyond_what_is_wanted() -> None:
    free, given = normal(5, 16), normal(5, 16, seed=1)
    torch.testing.assert_close(guided(free, given, 1.0), given)
    torch.testing.assert_close(guided(free, given, torch.tensor(4.5)), 4.5 * given - 3.5 * free)
    assert guided(free.bfloat16(), given.bfloat16(), 2.0).dtype == torch.float32
