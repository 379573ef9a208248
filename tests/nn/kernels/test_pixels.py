"""The kernels of convolutions from and to pictures against torch, by Triton's interpreter."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.nn import group_norm
from greenroom.nn import pixels as plain
from greenroom.nn.channel_norm import Pending
from greenroom.nn.kernels import pixels

CHANNELS = 16


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("channels", [CHANNELS, 24])
@pytest.mark.parametrize("size", [(4, 3), (1, 1), (2, 19)], ids=str)
def test_from_pictures(size: tuple[int, int], channels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixels, "_COLUMNS", 16)
    window = normal(4, *size, 3)
    weight = normal(channels, 3, 3, 3, 3, seed=1).contiguous(memory_format=torch.channels_last_3d)
    wanted = functional.conv3d(window.movedim(-1, 0)[None], weight, padding=(0, 1, 1))[0].movedim(0, -1)
    torch.testing.assert_close(pixels.from_pixels(window, weight), wanted, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("size", [(4, 3), (1, 1), (1, 19)], ids=str)
def test_to_pictures(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixels, "_COLUMNS", 16)
    monkeypatch.setattr(pixels, "_ROWS", 3)  # the frame in bands, the last of them of one row
    norm = nn.GroupNorm(4, CHANNELS, eps=1e-6).requires_grad_(False)
    norm.weight.copy_(normal(CHANNELS, seed=3))
    weight = normal(3, CHANNELS, 3, 3, 3, seed=1).contiguous(memory_format=torch.channels_last_3d)
    bias = normal(3, seed=2)
    x = normal(3, *size, CHANNELS, seed=4)
    given = group_norm.statistics(x, norm)
    pending, wanted = plain.pending_of(x, 3), plain.pending_of(x, 3)
    for begins, frames in ((True, slice(0, 2)), (False, slice(2, 3))):
        said = x[frames], given[frames], norm, weight, bias
        made = pixels.to_pixels(*said, pending, begins=begins)
        torch.testing.assert_close(made, plain.to_pixels(*said, wanted, begins=begins), atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(pending, wanted, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("residual", [True, False])
@pytest.mark.parametrize("shift", [True, False])
def test_to_pictures_behind_a_norm_by_length(shift: bool, residual: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixels, "_COLUMNS", 16)
    monkeypatch.setattr(pixels, "_ROWS", 3)
    shape, channels = (3, 4, 19, 24), 24
    weight, bias, gain = normal(3, channels, 3, 3, 3, seed=1), normal(3, seed=2), normal(channels, seed=3)
    given = Pending(
        normal(*shape), normal(channels, seed=4) if shift else None, normal(*shape, seed=5) if residual else None
    )
    pending = normal(2, *shape[1:3], 3, seed=6)
    expected = pending.clone()
    made = pixels.lengths_to_pixels(given, gain, weight, bias, pending)
    wanted = plain.lengths_to_pixels(given, gain, weight, bias, expected)
    torch.testing.assert_close(made, wanted, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(pending, expected, atol=1e-4, rtol=1e-4)
