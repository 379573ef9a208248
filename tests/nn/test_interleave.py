"""Phases to their places, one position after the other."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from greenroom.nn.interleave import interleave


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def placed(phases: Tensor, bias: Tensor, height: int, width: int) -> Tensor:
    """As the description says it, in loops."""
    times, channels = bias.shape[0], bias.shape[-1]
    out = torch.full((len(phases) * times, 2 * height, 2 * width, channels), torch.nan)
    for frame, row, column in torch.cartesian_prod(*map(torch.arange, out.shape[:3])).tolist():
        below, beside = row % 2, column % 2
        place = ((frame % times) * 2 + below) * 2 + beside
        edges = int(row in (0, 2 * height - 1)), int(column in (0, 2 * width - 1))
        value = phases[frame // times, row // 2 + below, column // 2 + beside, place * channels :][:channels]
        out[frame, row, column] = value + bias[frame % times, below, beside][edges]
    return out


@pytest.mark.parametrize(("times", "height", "width"), [(1, 3, 2), (2, 2, 5), (2, 1, 1)])
def test_each_phase_is_written_to_its_places(times: int, height: int, width: int) -> None:
    phases, bias = normal(2, height + 1, width + 1, times * 4 * 4), normal(times, 2, 2, 2, 2, 4, seed=1)
    out = torch.full((2 * times, 2 * height, 2 * width, 4), torch.nan)
    interleave(phases, bias, out)
    torch.testing.assert_close(out, placed(phases, bias, height, width))
