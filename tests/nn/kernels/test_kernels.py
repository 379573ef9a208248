"""The kernels against plain PyTorch, by Triton's interpreter: the same arithmetic as on a GPU, on the CPU."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch.nn import functional

from greenroom.models.f5tts.packing import QUERIES, Packing
from greenroom.nn.kernels.attention import attend
from greenroom.nn.kernels.grouped_conv import convolve_mish, taps_first
from greenroom.nn.kernels.guidance import advance
from greenroom.nn.kernels.modulation import norm_modulate
from greenroom.nn.kernels.rotary import rotate

_LENGTHS = (70, 9)  # more than a tile, and less


def _random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _rows(x: torch.Tensor, lengths: Sequence[int]) -> list[torch.Tensor]:
    starts = [0, *itertools.accumulate(lengths)]
    return [x[start : start + frames] for start, frames in zip(starts, lengths, strict=False)]


def test_attention_sees_its_own_row_alone() -> None:
    heads, size = 2, 16
    packing = Packing.of(_LENGTHS)
    tables, tokens = packing.tables, 2 * packing.bucket.frames
    qkv = _random(tokens, 3 * heads * size)
    out = torch.full((tokens, heads * size), math.nan)
    attend(
        qkv, out, tables.tile_row, tables.tile_first, tables.row_start, tables.row_length,
        heads=heads, size=size, queries=QUERIES,
    )  # fmt: skip
    for half in (0, packing.bucket.frames):
        for given, made in zip(_rows(qkv[half:], _LENGTHS), _rows(out[half:], _LENGTHS), strict=True):
            q, k, v = given.view(-1, 3, heads, size).permute(1, 2, 0, 3)
            wanted = functional.scaled_dot_product_attention(q[None], k[None], v[None])[0]
            torch.testing.assert_close(made, wanted.transpose(0, 1).flatten(1), atol=2e-6, rtol=2e-6)
    assert out[sum(_LENGTHS) : packing.bucket.frames].isnan().all()


def test_attention_of_large_scores_stays_finite() -> None:
    packing = Packing.of([40])
    tables, tokens = packing.tables, 2 * packing.bucket.frames
    qkv = 60 * _random(tokens, 3 * 16)
    out = torch.zeros(tokens, 16)
    attend(
        qkv, out, tables.tile_row, tables.tile_first, tables.row_start, tables.row_length,
        heads=1, size=16, queries=QUERIES,
    )  # fmt: skip
    assert out.isfinite().all()


def test_the_gated_branch_is_added_and_the_stream_normed() -> None:
    tokens, dim = 5, 32
    stream, branch, table = _random(tokens, dim), _random(tokens, dim, seed=1), _random(3, 4 * dim, seed=2)
    step = torch.tensor(1, dtype=torch.int32)
    wanted = stream + table[1, :dim] * branch
    out, given = torch.full_like(stream, math.nan), stream.clone()
    norm_modulate(given, out, table, step, branch=branch, gate=0, scale=dim, shift=3 * dim)
    torch.testing.assert_close(given, wanted)
    normed = functional.layer_norm(wanted, (dim,), eps=1e-6)
    torch.testing.assert_close(out, normed * (1 + table[1, dim : 2 * dim]) + table[1, 3 * dim :], atol=1e-5, rtol=1e-5)


def test_without_a_branch_the_stream_stays_as_it_is() -> None:
    stream, table = _random(2, 32), _random(1, 64, seed=1)
    out, given = torch.empty_like(stream), stream.clone()
    norm_modulate(given, out, table, torch.tensor(0, dtype=torch.int32), scale=0, shift=32)
    assert torch.equal(given, stream)
    wanted = functional.layer_norm(stream, (32,), eps=1e-6) * (1 + table[0, :32]) + table[0, 32:]
    torch.testing.assert_close(out, wanted, atol=1e-5, rtol=1e-5)


def test_the_first_heads_are_rotated_by_their_place() -> None:
    heads, half = 4, 8
    dim = heads * 2 * half
    position = torch.tensor([0, 1, 2, 0, 7], dtype=torch.int32)
    angle = _random(8, half)
    qkv = _random(5, 3 * dim, seed=1)
    for rotated in (heads, 1):
        made = qkv.clone()
        rotate(made, angle.cos(), angle.sin(), position, rotated)
        wanted = qkv.clone().view(5, 3, heads, 2, half)
        c, s = angle.cos()[position.long()][:, None, None], angle.sin()[position.long()][:, None, None]
        first, second = wanted[:, :2, :rotated, 0].clone(), wanted[:, :2, :rotated, 1].clone()
        wanted[:, :2, :rotated, 0] = first * c - second * s
        wanted[:, :2, :rotated, 1] = second * c + first * s
        torch.testing.assert_close(made, wanted.view(5, -1))


def test_the_convolution_does_not_cross_rows() -> None:
    groups, size, taps = 2, 16, 5
    dim = groups * size
    packing = Packing.of([7, 20])
    position, length = packing.tables.position, packing.tables.length
    x, weight, bias = _random(len(position), dim), 0.2 * _random(dim, size, taps, seed=1), _random(dim, seed=2)
    out = torch.full_like(x, math.nan)
    convolve_mish(x, taps_first(weight, groups), bias, out, position, length, residual=x)
    for given, made in zip(_rows(x, [7, 20]), _rows(out, [7, 20]), strict=True):
        wanted = functional.mish(functional.conv1d(given.T[None], weight, bias, padding=taps // 2, groups=groups))
        torch.testing.assert_close(made, given + wanted[0].T, atol=1e-5, rtol=1e-5)
    assert torch.equal(out[27 : packing.bucket.frames], x[27 : packing.bucket.frames])


def test_mish_is_right_far_from_zero() -> None:
    x = torch.tensor([[-200.0, -30.0, -1.0, 0.0, 1.0, 30.0, 200.0, 3.0] * 2])
    out = torch.empty_like(x)
    one = torch.ones(1, dtype=torch.int32)
    convolve_mish(x, taps_first(torch.eye(16)[..., None], 1), torch.zeros(16), out, one - 1, one)
    torch.testing.assert_close(out, functional.mish(x))


def test_a_step_of_the_solver() -> None:
    tokens, channels, padded = 20, 5, 16
    state, velocity = _random(tokens, channels), _random(2 * tokens, padded, seed=1)
    half = torch.full((tokens, padded), math.nan)
    guidance = torch.linspace(0, 2, tokens)
    times, step = torch.tensor([0.0, 0.25, 1.0]), torch.tensor(1, dtype=torch.int32)
    given, free = velocity[:tokens, :channels], velocity[tokens:, :channels]
    wanted = state + 0.75 * (given + (given - free) * guidance[:, None])
    advance(state, half, velocity, guidance, times, step)
    torch.testing.assert_close(state, wanted)
    assert torch.equal(half[:, :channels], state)
    assert not half[:, channels:].any()
    assert step == 2
