"""Kernels of a long stream against torch, by Triton's interpreter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from triton.runtime import interpreter

from greenroom.nn.adaptive_layer_norm import Terms
from greenroom.nn.fp8_linear import Rows, empty_rows, rows_of
from greenroom.nn.kernels import adaptive_layer_norm, fp8_rows, wide_heads
from greenroom.nn.long_stream import LongStream
from greenroom.nn.rotary import RotaryTables
from greenroom.nn.wide_heads import norm_turn

EPS = 1e-6
TOKENS, WIDTH = 5, 20  # no power of two
each_type = pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def near(made: Tensor, wanted: Tensor) -> None:
    """Equal, but for a last place."""
    assert made.dtype == wanted.dtype
    least = 2e-6 if made.dtype == torch.float32 else 2**-7
    torch.testing.assert_close(made, wanted, atol=least, rtol=least)


@pytest.fixture(autouse=True)
def _rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter rounds to eight bits without carrying into the exponent; torch's cast stands in, as a GPU's."""
    own = interpreter._convert_float

    def convert(given: Any, dtype: Any, target: Any, mode: Any) -> Any:
        if (dtype.name, target.name) != ("fp32", "fp8e4nv"):
            return own(given, dtype, target, mode)
        numbers = torch.from_numpy(np.ascontiguousarray(given).view(np.float32))
        return numbers.to(torch.float8_e4m3fn).view(torch.uint8).numpy()

    monkeypatch.setattr(interpreter, "_convert_float", convert)


def same_rows(made: Rows, wanted: Rows) -> None:
    """The kernels sum in another order: a number at a border may be rounded to the other side, an eighth away."""
    torch.testing.assert_close(made.scales, wanted.scales, atol=0, rtol=1e-5)
    torch.testing.assert_close(made.dequantised(torch.float32), wanted.dequantised(torch.float32), atol=1e-6, rtol=0.13)
    assert (made.values.view(torch.uint8) == wanted.values.view(torch.uint8)).float().mean() > 0.98


@each_type
@pytest.mark.parametrize("turns", [True, False])
@pytest.mark.parametrize("beside", [0, 16])  # of a wider tensor
def test_the_whole_width_is_normed_and_heads_are_turned(dtype: torch.dtype, beside: int, *, turns: bool) -> None:
    heads, head_dim = 3, 16
    wide = normal(TOKENS, heads * head_dim + beside).to(dtype)
    angles = 5 * normal(TOKENS, head_dim // 2, seed=1)
    tables = RotaryTables(angles.cos(), angles.sin()) if turns else None
    weight = normal(heads * head_dim, seed=2).to(dtype)
    made, wanted = wide.clone(), wide.clone()
    wide_heads.norm_turn(made[:, : heads * head_dim], weight, EPS, heads, tables)
    norm_turn(wanted[:, : heads * head_dim], weight, EPS, heads, tables)
    if dtype == torch.bfloat16:  # the kernel does not round between norm and rotation
        torch.testing.assert_close(made, wanted, atol=0.04, rtol=0.02)
    else:
        near(made, wanted)
    assert torch.equal(made[:, heads * head_dim :], wide[:, heads * head_dim :])


def streams(dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor, Terms]:
    x, branch = normal(2, TOKENS, WIDTH).to(dtype)
    gate, *ahead = normal(4, WIDTH, seed=1)
    return x, branch, gate, Terms(*ahead)


@each_type
@pytest.mark.parametrize("waits", [True, False])
def test_what_waits_is_added_in_place_and_the_sum_is_normed(dtype: torch.dtype, *, waits: bool) -> None:
    x, branch, gate, ahead = streams(dtype)
    made, plain, normed = x.clone(), x.clone(), torch.empty_like(x)
    adaptive_layer_norm.settle(made, branch if waits else None, gate, ahead, EPS, normed, None)
    stream = LongStream(plain)
    if waits:
        stream.plus(branch, gate)
    near(normed, stream.normed(ahead, EPS))  # type: ignore[arg-type]  # no rows were asked for
    near(made, plain)


@each_type
def test_what_waits_is_added_alone(dtype: torch.dtype) -> None:
    x, branch, gate, _ = streams(dtype)
    made, stream = x.clone(), LongStream(x)
    adaptive_layer_norm.settle(made, branch, gate, None, 0.0, None, None)
    stream.plus(branch, gate)
    near(made, stream.settled())


@each_type
def test_what_a_layer_takes_is_rounded_to_eight_bits_on_the_way(dtype: torch.dtype) -> None:
    x, branch, gate, ahead = streams(dtype)
    made, rows = x.clone(), empty_rows(x)
    adaptive_layer_norm.settle(made, branch, gate, ahead, EPS, rows.values, rows.scales)
    stream = LongStream(made.clone())
    wanted = stream.normed(ahead, EPS, small=True)
    assert isinstance(wanted, Rows)
    same_rows(rows, wanted)


@each_type
@pytest.mark.parametrize("gelu", [True, False])
def test_rows_are_rounded(dtype: torch.dtype, *, gelu: bool) -> None:
    x = (normal(64, WIDTH) * torch.logspace(-4, 2, 64)[:, None]).to(dtype)
    x[1] = 0
    rows = empty_rows(x)
    fp8_rows.round_rows(x, rows, gelu=gelu)
    same_rows(rows, rows_of(x, gelu=gelu))
    assert not rows.values[1].float().any()
