"""Eight bits to a wider type against torch's own casts, by Triton's interpreter."""

from __future__ import annotations

import pytest
import torch

from greenroom.nn.kernels import fp8
from greenroom.weights.contents import name_of
from greenroom.weights.quantised import decode

UNEVEN = 0.0123


@pytest.mark.parametrize("scale", [None, 2.0**-9, UNEVEN])
@pytest.mark.parametrize("wide", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("small", [torch.float8_e4m3fn, torch.float8_e5m2])
def test_every_number_is_the_same(
    small: torch.dtype, wide: torch.dtype, scale: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fp8, "_TILE", 64)
    every = torch.arange(256).to(torch.uint8)
    stored = every[every.view(small).float().isfinite()]
    wanted, made = torch.empty(len(stored), dtype=wide), torch.full((len(stored),), 7.0).to(wide)
    decode(name_of(small), stored, wanted, scale)
    fp8.widen(name_of(small), stored, made, scale or 1.0)
    if wide is torch.bfloat16 and scale == UNEVEN:  # the interpreter does not round to the nearest bfloat16
        torch.testing.assert_close(made, wanted, rtol=2**-7, atol=0)
    else:
        assert torch.equal(made, wanted)
