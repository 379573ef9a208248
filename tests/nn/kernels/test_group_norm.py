"""The kernels of group norm against torch, by Triton's interpreter."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from greenroom.nn import group_norm as plain
from greenroom.nn.kernels import group_norm

GROUPS, CHANNELS = 4, 16
# Frames of more positions than a tile of 512 has, of a number that no tile divides; and of one position.
SIZES = ((2, 23, 47), (1, 1, 1))
each_size = pytest.mark.parametrize("size", SIZES, ids=str)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(params=[256, 2], ids=lambda parts: f"{parts} parts")
def parts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames in parts of one tile, and of several."""
    monkeypatch.setattr(group_norm, "_PARTS", request.param)


@each_size
@pytest.mark.usefixtures("parts")
def test_statistics(size: tuple[int, int, int]) -> None:
    x, shift = normal(*size, CHANNELS), normal(CHANNELS, seed=1)
    for moved in (None, shift):
        given = group_norm.statistics(x, GROUPS, 1e-6, moved)
        torch.testing.assert_close(given, plain.statistics(x, nn.GroupNorm(GROUPS, CHANNELS, eps=1e-6), moved))


def test_a_large_mean_does_not_drown_the_variance() -> None:
    x = normal(1, 20, 30, CHANNELS).double() + 3000
    given = group_norm.statistics(x.float(), GROUPS, 1e-6, None)
    exact = plain.statistics(x.float().double(), nn.GroupNorm(GROUPS, CHANNELS, eps=1e-6))
    torch.testing.assert_close(given, exact.float(), atol=0, rtol=1e-5)


@each_size
@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("residual", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_the_sum_is_written_in_place(size: tuple[int, int, int], residual: bool, dtype: torch.dtype) -> None:
    norm = nn.GroupNorm(GROUPS, CHANNELS, eps=1e-6)
    x, shift = normal(*size, CHANNELS).to(dtype), normal(CHANNELS, seed=1)
    before = normal(*size, CHANNELS, seed=2).to(dtype) if residual else None
    out, wanted = (x if before is None else before), torch.empty_like(x)
    statistics = plain.add(x, shift, norm, before, out=wanted)
    given = group_norm.add(x, shift, before, out, GROUPS, 1e-6)
    torch.testing.assert_close(out, wanted)
    torch.testing.assert_close(given, statistics, atol=1e-5, rtol=1e-4)


@each_size
@pytest.mark.parametrize("silu", [True, False])
@pytest.mark.parametrize("shifted", [True, False])
def test_the_norm_is_written(size: tuple[int, int, int], silu: bool, shifted: bool) -> None:
    norm = nn.GroupNorm(GROUPS, CHANNELS, eps=1e-6).requires_grad_(False)
    norm.weight.copy_(normal(CHANNELS, seed=3))
    norm.bias.copy_(normal(CHANNELS, seed=4))
    x, shift = 20 * normal(*size, CHANNELS), normal(CHANNELS, seed=1) if shifted else None
    given = plain.statistics(x, norm, shift)
    out, wanted = torch.full_like(x, math.nan), torch.empty_like(x)
    plain.normalise(x, given, norm, out=wanted, shift=shift, silu=silu)
    group_norm.normalise(x, given, norm.weight, norm.bias, shift, out, silu=silu)
    torch.testing.assert_close(out, wanted, atol=2e-6, rtol=1e-5)


def test_frames_with_gaps_are_refused() -> None:
    with pytest.raises(ValueError, match="contiguous"):
        group_norm.statistics(normal(2, 4, 4, 32)[..., :CHANNELS], GROUPS, 1e-6, None)
