"""Group norm frame by frame, against torch's own."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.nn import group_norm


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def norm(groups: int, channels: int) -> nn.GroupNorm:
    made = nn.GroupNorm(groups, channels, eps=1e-6).requires_grad_(False)
    made.weight.copy_(normal(channels, seed=8))
    made.bias.copy_(normal(channels, seed=9))
    return made


def wanted(x: Tensor, of: nn.GroupNorm, *, silu: bool = True) -> Tensor:
    """By torch's norm, a frame a sample."""
    y: Tensor = of(x.movedim(-1, 1)).movedim(1, -1)
    return functional.silu(y) if silu else y


def test_each_frame_is_normed_by_itself() -> None:
    x, of = normal(3, 5, 4, 12) * torch.tensor([1.0, 9.0, 0.1])[:, None, None, None], norm(3, 12)
    out = torch.full_like(x, torch.nan)
    group_norm.normalise(x, group_norm.statistics(x, of), of, out=out)
    torch.testing.assert_close(out, wanted(x, of), atol=2e-6, rtol=2e-6)


def test_a_shift_is_added_before_the_norm() -> None:
    x, shift, of = normal(2, 3, 4, 8), 5 * normal(8, seed=1), norm(2, 8)
    given, out = group_norm.statistics(x, of, shift), torch.empty_like(x)
    group_norm.normalise(x, given, of, out=out, shift=shift, silu=False)
    torch.testing.assert_close(out, wanted(x + shift, of, silu=False), atol=2e-6, rtol=2e-6)


@pytest.mark.parametrize("residual", [True, False])
def test_the_sum_is_written_and_its_statistics_given(residual: bool) -> None:
    x, shift, of = normal(2, 3, 4, 8), normal(8, seed=1), norm(2, 8)
    before = normal(2, 3, 4, 8, seed=2) if residual else None
    summed = x + shift if before is None else before + x + shift
    out = x if before is None else before
    given = group_norm.add(x, shift, of, before, out=out)
    torch.testing.assert_close(out, summed)
    torch.testing.assert_close(given, group_norm.statistics(summed, of))


def test_half_precision_is_summed_in_float32() -> None:
    x, of = (normal(1, 40, 40, 8) + 30).bfloat16(), norm(2, 8)
    given = group_norm.statistics(x, of)
    assert given.dtype == torch.float32
    torch.testing.assert_close(given, group_norm.statistics(x.float(), of))
