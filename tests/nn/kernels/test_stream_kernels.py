"""Kernels of a transformer's stream against torch, by Triton's interpreter."""

from __future__ import annotations

import pytest
import torch

from greenroom.nn import adaptive_layer_norm as plain_layer_norm
from greenroom.nn import adaptive_norm as plain_norm
from greenroom.nn import heads as plain_heads
from greenroom.nn import swiglu as plain_swiglu
from greenroom.nn import unfolding as plain_unfolding
from greenroom.nn.adaptive_layer_norm import Terms
from greenroom.nn.heads import Placement
from greenroom.nn.kernels import adaptive_layer_norm, adaptive_norm, heads, swiglu, unfolding
from greenroom.nn.rotary import RotaryTables

EPS = 1e-5
each_type = pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def near(made: torch.Tensor, wanted: torch.Tensor) -> None:
    """Equal, but for a last place."""
    assert made.dtype == wanted.dtype
    least = 2e-6 if made.dtype == torch.float32 else 2**-7
    torch.testing.assert_close(made, wanted, atol=least, rtol=least)


@each_type
@pytest.mark.parametrize("width", [20, 32])  # no power of two, and one
def test_the_norm_is_modulated(dtype: torch.dtype, width: int) -> None:
    x, (scale, shift) = normal(5, width).to(dtype), normal(2, width, seed=1).to(dtype)
    given = x.clone()
    near(adaptive_norm.norm_modulate(given, scale, shift, EPS), plain_norm.norm_modulate(x, scale, shift, EPS))
    assert torch.equal(given, x)


@each_type
def test_the_gated_branch_is_added_first(dtype: torch.dtype) -> None:
    (x, branch), (gate, scale, shift) = normal(2, 5, 20).to(dtype), normal(3, 20, seed=1).to(dtype)
    given = x.clone()
    made = adaptive_norm.norm_modulate(given, scale, shift, EPS, branch=branch, gate=gate)
    near(made, plain_norm.add_norm_modulate(x, branch, gate, scale, shift, EPS))
    near(given, x)


@each_type
def test_the_gate_of_swiglu(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swiglu, "_TILE", 64)
    gate, value = normal(2, 9, 17).to(dtype)
    given = gate.clone()
    near(swiglu.swiglu(given, value), plain_swiglu.swiglu(gate, value))
    near(given, gate)


@each_type
@pytest.mark.parametrize("kernel", [1, 3])
def test_the_gate_of_swiglu_of_two_halves(dtype: torch.dtype, kernel: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swiglu, "_TILE", 8)
    both = normal(2, 5, 2 * 17).to(dtype)
    given = both.clone()
    near(swiglu.swiglu_halves(both, kernel), plain_swiglu.swiglu_halves(given, kernel))
    assert torch.equal(both, given)


@each_type
@pytest.mark.parametrize(("tokens", "kernel"), [(5, 3), (1, 3), (2, 5), (5, 1)])
def test_tokens_stand_beside_their_neighbours(
    dtype: torch.dtype, tokens: int, kernel: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unfolding, "_TILE", 8)
    x = normal(2, tokens, 20).to(dtype)
    assert torch.equal(unfolding.unfolded(x, kernel), plain_unfolding.unfolded(x, kernel))


@each_type
@pytest.mark.parametrize("shares", [True, False])
def test_the_layer_norm_is_modulated_by_what_a_token_shows(dtype: torch.dtype, *, shares: bool) -> None:
    x, branch = normal(2, 2, 3, 20).to(dtype)
    vectors = normal(1 if shares else 4, 6, 20, seed=1).to(dtype).unbind(1)
    behind, ahead = Terms(*vectors[:3]), Terms(*vectors[3:])
    shows = None if shares else torch.tensor([[3, 0, 0], [2, 2, 1]], dtype=torch.int32)
    given = x.clone()
    near(adaptive_layer_norm.norm_modulate(x, ahead, shows, EPS), plain_layer_norm.norm_modulate(x, ahead, shows, EPS))
    added = plain_layer_norm.add_gated(x, branch, behind, shows)
    near(adaptive_layer_norm.add_gated(x, branch, behind, shows), added)
    made, normed = adaptive_layer_norm.add_norm_modulate(x, branch, behind, ahead, shows, EPS)
    near(made, added)
    near(normed, plain_layer_norm.norm_modulate(made, ahead, shows, EPS))
    bias = normal(20, seed=2).to(dtype)
    for ours, wanted in zip(
        adaptive_layer_norm.add_norm_modulate(x, branch, behind, ahead, shows, EPS, bias=bias),
        plain_layer_norm.add_norm_modulate(x, branch, behind, ahead, shows, EPS, bias=bias),
        strict=True,
    ):
        least = 2e-6 if dtype == torch.float32 else 2**-5  # the sum with the bias is rounded once less
        torch.testing.assert_close(ours, wanted, atol=least, rtol=least)
    assert torch.equal(x, given)


@each_type
def test_queries_alone_are_placed_too(dtype: torch.dtype) -> None:
    query, angles = normal(5, 3 * 16).to(dtype), 5 * normal(5, 8, seed=1)
    order = torch.arange(5, dtype=torch.int32)
    placement = Placement(RotaryTables(angles.cos(), angles.sin()), order, order.flip(0))
    weight = normal(16, seed=2).to(dtype)
    made, wanted = (torch.zeros(1, 5, 3, 16, dtype=dtype) for _ in range(2))
    heads.place_heads(query, weight, weight, EPS, placement, made)
    plain_heads.place_heads(query, weight, weight, EPS, placement, wanted)
    least = 2e-6 if dtype == torch.float32 else 0.04
    torch.testing.assert_close(made, wanted, atol=least, rtol=least / 2)


@each_type
@pytest.mark.parametrize("few", [0, 1024])  # all heads in one program, and two in each
def test_heads_are_normed_rotated_and_placed(dtype: torch.dtype, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "_FEW", few)
    monkeypatch.setattr(heads, "_HEADS", 2)
    tokens, count, width, rows = 11, 3, 16, 17
    qkv, angles = normal(tokens, 3 * count * width).to(dtype), 5 * normal(4, width // 2, seed=1)
    query, key = normal(2, width, seed=2).to(dtype)
    tables = RotaryTables(angles.cos(), angles.sin())
    random = torch.Generator().manual_seed(0)
    places = torch.randperm(rows, generator=random)[:tokens].sort().values.int()
    placement = Placement(tables, torch.randint(0, 4, (tokens,), generator=random).int(), places)
    made, wanted = (torch.zeros(3, rows, count, width, dtype=dtype) for _ in range(2))
    heads.place_heads(qkv, query, key, EPS, placement, made)
    plain_heads.place_heads(qkv, query, key, EPS, placement, wanted)
    if dtype == torch.bfloat16:  # the kernel does not round between norm and rotation
        torch.testing.assert_close(made, wanted, atol=0.04, rtol=0.02)
    else:
        near(made, wanted)
    assert torch.equal(made[2], wanted[2])
