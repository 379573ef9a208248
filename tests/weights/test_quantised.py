"""Stored bytes become numbers of the wanted type, rounded once."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from greenroom.weights import quantised
from greenroom.weights.blocks import BLOCK_TYPES
from greenroom.weights.quantised import Quantised, decode

DTYPES = [torch.float32, torch.float16, torch.bfloat16]


def bytes_of(count: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(1).integers(0, 256, count, dtype=np.uint8))


@pytest.mark.parametrize("dtype", DTYPES)
def test_blocks_are_decoded_in_steps(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantised, "_ON_CPU", 1024)
    raw = bytes_of(144 * 11)  # more than two steps, the last one short
    kept = Quantised(raw.view(-1, 144), "q4_k", (11, 16, 16))
    wanted = BLOCK_TYPES["q4_k"].decode(raw.view(-1, 144)).to(dtype).view(11, 16, 16)
    assert torch.equal(kept.dequantise(dtype).nan_to_num(), wanted.nan_to_num())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("stored", ["float8_e4m3fn", "float8_e5m2"])
def test_every_fp8_is_cast(stored: str, dtype: torch.dtype) -> None:
    raw = torch.arange(256, dtype=torch.uint8)
    out = torch.empty(256, dtype=dtype)
    decode(stored, raw, out)
    wanted = raw.view(getattr(torch, stored)).float()
    assert torch.equal(out.float().nan_to_num(), wanted.nan_to_num())  # each fits into any wider type


def test_a_scale_is_multiplied_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantised, "_ON_CPU", 100)
    raw = torch.arange(0x7F, dtype=torch.uint8).repeat(3)
    scale = float(torch.tensor(0.0137))
    out = torch.empty(len(raw), dtype=torch.bfloat16)
    decode("float8_e4m3fn", raw, out, scale)
    assert torch.equal(out, (raw.view(torch.float8_e4m3fn).float() * torch.tensor(0.0137)).bfloat16())


def test_plain_numbers_are_cast() -> None:
    values = torch.randn(50)
    out = torch.empty(50, dtype=torch.float16)
    decode("float32", values.view(torch.uint8), out)
    assert torch.equal(out, values.half())
