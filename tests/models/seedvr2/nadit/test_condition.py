"""What the transformer is given. Equality with the original: test_parity."""

from __future__ import annotations

import pytest
import torch

from greenroom.models.seedvr2.nadit.condition import condition, model_input, shifted
from tests.models.seedvr2.networks import normal


def test_noise_condition_mask_lie_one_behind_the_other() -> None:
    noise, latent = normal(2, 3, 4, 16), normal(2, 3, 4, 16, seed=1)
    given = model_input(noise, condition(latent))
    assert given.shape == (2, 3, 4, 33)
    assert torch.equal(given[..., :16], noise)
    assert torch.equal(given[..., 16:32], latent)
    assert (given[..., 32] == 1).all()


def test_at_time_nothing_the_noise_does_not_count() -> None:
    latent = normal(1, 2, 2, 4)
    assert torch.equal(condition(latent, normal(1, 2, 2, 4, seed=1), 0.0), condition(latent))


@pytest.mark.parametrize("size", [(1, 32, 32), (1, 128, 128), (6, 90, 160), (26, 90, 160)])
def test_the_ends_stay(size: tuple[int, int, int]) -> None:
    assert shifted(size, 0.0) == 0
    assert shifted(size, 1000.0) == pytest.approx(1000)


def test_larger_clips_are_shifted_further() -> None:
    sizes = [(2, 90, 160), (6, 90, 160), (26, 90, 160)]
    moved = [shifted(size, 100.0) for size in sizes]
    assert moved == sorted(moved)
