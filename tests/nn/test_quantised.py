"""Layers with kept weights compute what those with the dequantised ones do."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from greenroom.nn.quantised import QuantisedLinear
from greenroom.weights.fp8 import Fp8
from greenroom.weights.quantised import Quantised


def in_fp8() -> Fp8:
    return Fp8(
        torch.randn(5, 64, generator=torch.Generator().manual_seed(0)).to(torch.float8_e4m3fn), torch.tensor(0.25)
    )


def in_blocks() -> Quantised:
    blocks = torch.randint(0, 256, (10, 34), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    blocks[:, :2] = torch.tensor([0.01]).half().view(torch.uint8)
    return Quantised(blocks, "q8_0", (5, 64))


@pytest.mark.parametrize("weight", [in_fp8(), in_blocks()], ids=("fp8", "blocks"))
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_weight_is_dequantised_in_the_type_of_the_input(weight: Fp8 | Quantised, dtype: torch.dtype) -> None:
    x, bias = torch.randn(2, 3, 64).to(dtype), torch.randn(5)
    layer = QuantisedLinear(weight, bias).to(dtype)
    assert layer.stored.dtype == torch.uint8
    assert layer.size == layer.stored.nbytes
    assert torch.equal(layer(x), functional.linear(x, weight.dequantise(dtype), bias.to(dtype)))
    assert torch.equal(QuantisedLinear(weight)(x), functional.linear(x, weight.dequantise(dtype)))
