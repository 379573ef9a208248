"""The kernel that places phases against torch, by Triton's interpreter."""

from __future__ import annotations

import math

import pytest
import torch

from greenroom.nn import interleave as plain
from greenroom.nn.kernels import interleave


@pytest.mark.parametrize("channels", [8, 6])
@pytest.mark.parametrize("times", [1, 2])
def test_it_places_as_torch_does(times: int, channels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interleave, "_TILE", 32)  # four columns of eight channels
    generator = torch.Generator().manual_seed(0)
    phases = torch.randn(2, 4, 6, times * 4 * channels, generator=generator)
    bias = torch.randn(times, 2, 2, 2, 2, channels, generator=generator)
    out, wanted = (torch.full((2 * times, 6, 10, channels), math.nan) for _ in range(2))
    plain.interleave(phases, bias, wanted)
    interleave.interleave(phases, bias, out)
    torch.testing.assert_close(out, wanted)
