"""Times, the line between data and noise, and the way back. Equality with the original: test_parity."""

from __future__ import annotations

import pytest
import torch

from greenroom.errors import InputInvalid
from greenroom.models.seedvr2.nadit.schedule import diffused, guided, restore, times
from tests.models.seedvr2.networks import normal


def test_times_fall_from_the_last() -> None:
    assert times(4).tolist() == [1000, 750, 500, 250]
    with pytest.raises(InputInvalid):
        times(0)


@pytest.mark.parametrize("steps", [1, 3, 50])
def test_a_model_that_knows_the_line_gives_back_the_data(steps: int) -> None:
    data, noise = normal(4, 16), normal(4, 16, seed=1)
    asked = []

    def velocity(state: torch.Tensor, time: float) -> torch.Tensor:
        asked.append(time)
        torch.testing.assert_close(state, diffused(data, noise, time), atol=1e-5, rtol=0)
        return noise - data

    torch.testing.assert_close(restore(velocity, noise, steps), data, atol=1e-5, rtol=0)
    assert len(asked) == steps


def test_guidance_of_one_changes_nothing() -> None:
    positive, negative = normal(5, 16), normal(5, 16, seed=1)
    torch.testing.assert_close(guided(positive, negative, 1.0), positive)


def test_rescaled_whole_it_is_as_spread_as_the_wanted_prediction() -> None:
    positive, negative = normal(5, 16), normal(5, 16, seed=1)
    spread = guided(positive, negative, 7.5, 1.0).std(-1)
    torch.testing.assert_close(spread, positive.std(-1))
