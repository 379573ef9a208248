"""The GELU behind a linear layer."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from greenroom.nn.gelu import linear_gelu


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_it_is_the_one_by_tanh(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    layer, x = nn.Linear(16, 24).to(dtype).requires_grad_(requires_grad=False), 3 * torch.randn(9, 16).to(dtype)
    made = linear_gelu(layer, x)
    assert torch.equal(made, functional.gelu(layer(x), approximate="tanh"))
    assert not torch.equal(made, functional.gelu(layer(x)))
