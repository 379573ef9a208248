"""The kernel of sums and their norm against torch, by Triton's interpreter."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from greenroom.nn import channel_norm as plain
from greenroom.nn.channel_norm import Pending
from greenroom.nn.kernels import channel_norm


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_norm, "_TILE", 32)
    monkeypatch.setattr(channel_norm, "_ROUNDS", 2)


@pytest.mark.parametrize("channels", [8, 6])
@pytest.mark.parametrize("silu", [True, False])
@pytest.mark.parametrize(("shift", "residual"), [(True, True), (False, True), (True, False), (False, False)])
def test_it_norms_as_torch_does(channels: int, silu: bool, shift: bool, residual: bool) -> None:
    shape, gain = (2, 3, 5, channels), normal(channels, seed=3)
    given = Pending(
        normal(*shape), normal(channels, seed=1) if shift else None, normal(*shape, seed=2) if residual else None
    )
    out, total, wanted, sums = (torch.empty(shape) for _ in range(4))
    plain.normalise(replace(given), gain, out=wanted, total=sums, silu=silu)
    channel_norm.settle(given, gain, total=total, normed=out, silu=silu)
    torch.testing.assert_close(out, wanted)
    torch.testing.assert_close(total, sums)


def test_sums_over_their_own_parts() -> None:
    x, residual, shift = normal(1, 3, 5, 6), normal(1, 3, 5, 6, seed=1), normal(6, seed=2)
    wanted = x + residual + shift
    channel_norm.settle(Pending(x, shift, residual), None, total=residual, normed=None, silu=False)
    torch.testing.assert_close(residual, wanted)


def test_types_may_differ() -> None:
    x, residual, gain = normal(1, 3, 5, 6).half(), normal(1, 3, 5, 6, seed=1), normal(6, seed=2)
    out, wanted = (torch.empty(x.shape, dtype=torch.float16) for _ in range(2))
    plain.normalise(Pending(x, None, residual), gain, out=wanted)
    channel_norm.settle(Pending(x, None, residual), gain, total=None, normed=out, silu=True)
    torch.testing.assert_close(out, wanted, atol=2e-3, rtol=2e-3)


def test_zeros_stay_zeros() -> None:
    out = normal(1, 1, 1, 6)
    channel_norm.settle(Pending(torch.zeros(1, 1, 1, 6)), normal(6), total=None, normed=out, silu=True)
    assert not out.any()


def test_frames_lie_without_gaps() -> None:
    x = normal(1, 3, 5, 12)[..., ::2]
    with pytest.raises(ValueError, match="contiguous"):
        channel_norm.settle(Pending(x), normal(6), total=None, normed=torch.empty(1, 3, 5, 6), silu=True)
