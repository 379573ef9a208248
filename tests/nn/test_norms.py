"""Norms, against their definitions, and at the ends of half precision."""

from __future__ import annotations

import pytest
import torch

from greenroom.nn.norms import GlobalResponseNorm, RMSNorm, ScaleNorm, summing

X = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(0))


def test_rms_norm() -> None:
    norm = RMSNorm(8)
    norm.weight.data = torch.arange(8.0)
    expected = X / (X.square().mean(-1, keepdim=True) + 1e-6).sqrt() * torch.arange(8.0)
    torch.testing.assert_close(norm(X), expected)


def test_scale_norm_is_rms_norm_by_another_name() -> None:
    norm = ScaleNorm(8)
    norm.g.data = torch.arange(8.0)
    expected = X / X.square().mean(-1, keepdim=True).sqrt() * torch.arange(8.0)
    torch.testing.assert_close(norm(X), expected)
    assert torch.equal(norm(torch.zeros(1, 8)), torch.zeros(1, 8))


def test_global_response_norm() -> None:
    norm = GlobalResponseNorm(8)
    norm.gamma.data, norm.beta.data = torch.full((1, 1, 8), 2.0), torch.full((1, 1, 8), 0.5)
    response = X.square().sum(1, keepdim=True).sqrt()
    expected = 2 * X * response / (response.mean(-1, keepdim=True) + 1e-6) + 0.5 + X
    torch.testing.assert_close(norm(X), expected)


def test_global_response_norm_counts_a_row_s_own_positions() -> None:
    norm = GlobalResponseNorm(8)
    norm.gamma.data.fill_(1.0)
    own = torch.arange(5)[None, :, None] < torch.tensor([5, 3])[:, None, None]
    torch.testing.assert_close(norm(X, own)[1, :3], norm(X[1:, :3])[0])
    assert (norm(X)[1, :3] - norm(X[1:, :3])[0]).abs().max() > 1e-2


@pytest.mark.parametrize("norm", [ScaleNorm(1024), GlobalResponseNorm(1024)], ids=("scale", "response"))
def test_half_precision_does_not_overflow(norm: torch.nn.Module) -> None:
    large = torch.full((1, 200, 1024), 300.0, dtype=torch.float16)  # its squares are beyond half precision
    out = norm.half()(large)
    assert out.dtype == torch.float16
    assert out.isfinite().all()


def test_the_type_to_sum_in() -> None:
    assert [summing(dtype) for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64)] == [
        torch.float32, torch.float32, torch.float32, torch.float64,
    ]  # fmt: skip
