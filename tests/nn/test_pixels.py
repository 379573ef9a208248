"""The convolution to pictures, slice by slice, against one that reads the past itself."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.nn import group_norm
from greenroom.nn.channel_norm import Pending
from greenroom.nn.pixels import fused, lengths_to_pixels, pending_of, to_pixels


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("cut", [[5], [1, 1, 3], [3, 2]], ids=str)
def test_what_was_said_before_is_heard(cut: list[int]) -> None:
    norm, weight, bias, x = nn.GroupNorm(2, 8), normal(3, 8, 3, 3, 3, seed=1), normal(3, seed=2), normal(5, 4, 6, 8)
    given = group_norm.statistics(x, norm)
    normed = functional.silu(norm(x.movedim(-1, 1)))
    window = torch.cat((normed[:1], normed[:1], normed)).transpose(0, 1)[None]
    wanted = functional.conv3d(window, weight, bias, padding=(0, 1, 1))[0].movedim(0, -1)
    pending, made = pending_of(x, 3), []
    for place, (frames, its) in enumerate(zip(torch.split(x, cut), torch.split(given, cut), strict=True)):
        made.append(to_pixels(frames, its, norm, weight, bias, pending, begins=place == 0))
    torch.testing.assert_close(torch.cat(made), wanted, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("cut", [[5], [1, 1, 3], [3, 2]], ids=str)
def test_behind_a_norm_by_length_zeros_are_heard_first(cut: list[int]) -> None:
    weight, bias, gain = normal(3, 6, 3, 3, 3, seed=1), normal(3, seed=2), normal(6, seed=3)
    x, shift, residual = normal(5, 4, 7, 6), normal(6, seed=4), normal(5, 4, 7, 6, seed=5)
    normed = functional.silu(functional.normalize(x + shift + residual, dim=-1) * 6**0.5 * gain)
    window = torch.cat((0 * normed[:2], normed)).movedim(-1, 0)[None]
    wanted = functional.conv3d(window, weight, bias, padding=(0, 1, 1))[0].movedim(0, -1)
    pending = pending_of(x, 3).zero_()
    made = [
        lengths_to_pixels(Pending(part, shift, beside), gain, weight, bias, pending)
        for part, beside in zip(torch.split(x, cut), torch.split(residual, cut), strict=True)
    ]
    torch.testing.assert_close(torch.cat(made), wanted, atol=1e-5, rtol=1e-5)


def test_only_a_gpu_has_the_kernel() -> None:
    assert not fused(normal(1, 2, 2, 16).bfloat16(), 16)
