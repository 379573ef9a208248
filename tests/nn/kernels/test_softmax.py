"""The kernel of softmax against torch, by Triton's interpreter."""

from __future__ import annotations

import math

import pytest
import torch

from greenroom.nn.kernels import softmax


@pytest.mark.parametrize("count", [1, 5, 64, 150])
def test_rows_become_weights(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(softmax, "_TILE", 64)
    scores = 9 * torch.randn(3, count, generator=torch.Generator().manual_seed(0))
    scores[1] -= 400
    out = torch.full_like(scores, math.nan)
    softmax.softmax(scores, out, 0.3 * math.log2(math.e))
    torch.testing.assert_close(out, torch.softmax(0.3 * scores, dim=-1))
