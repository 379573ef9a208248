"""Times of the solver: published values, bounds, and that they rise."""

from __future__ import annotations

import pytest
import torch

from greenroom.errors import InputInvalid
from greenroom.models.f5tts.time_grid import LEAST_SWAY, MOST_SWAY, PRUNED, time_grid


@pytest.mark.parametrize(
    ("steps", "times"),
    [
        (5, [0, 0.004815, 0.019215, 0.076120, 0.292893, 1]),
        (7, [0, 0.004815, 0.019215, 0.043060, 0.076120, 0.292893, 0.617317, 1]),
    ],
)
def test_published_grids(steps: int, times: list[float]) -> None:
    torch.testing.assert_close(time_grid(steps, -1.0), torch.tensor(times), atol=1e-6, rtol=0)


@pytest.mark.parametrize("steps", PRUNED)
def test_a_pruned_grid_takes_the_place_of_the_even_one(steps: int) -> None:
    assert len(time_grid(steps)) == steps + 1
    torch.testing.assert_close(time_grid(steps, epss=False), torch.linspace(0, 1, steps + 1))
    assert not torch.equal(time_grid(steps), time_grid(steps, epss=False))


@pytest.mark.parametrize("sway", [None, LEAST_SWAY, -0.5, 0.0, 1.0, MOST_SWAY])
@pytest.mark.parametrize("steps", [1, 2, 5, 32, 100, 200])
def test_times_rise_from_0_to_1(steps: int, sway: float | None) -> None:
    times = time_grid(steps, sway)
    assert times.dtype == torch.float32
    assert times[0] == 0
    assert abs(float(times[-1]) - 1) < 1e-6
    assert (times.diff() > 0).all()


@pytest.mark.parametrize("sway", [-1.01, 1.76, float("nan")])
def test_a_sway_that_turns_times_back_is_refused(sway: float) -> None:
    with pytest.raises(InputInvalid, match="sway is"):
        time_grid(8, sway)


def test_no_steps_are_refused() -> None:
    with pytest.raises(InputInvalid, match="steps is 0"):
        time_grid(0)
