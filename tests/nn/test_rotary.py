"""Rotary positions: interleaved pairs, from the formula in float32."""

from __future__ import annotations

import math

import pytest
import torch

from greenroom.nn.rotary import Rotary, frequencies, rotate


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def test_each_pair_turns_by_its_own_angle() -> None:
    x = normal(1, 1, 5, 6)
    turned = rotate(x, Rotary(6).tables(5))
    for position in range(5):
        for pair in range(3):
            angle = position * 10_000 ** (-2 * pair / 6)
            a, b = x[0, 0, position, 2 * pair : 2 * pair + 2].tolist()
            expected = [a * math.cos(angle) - b * math.sin(angle), b * math.cos(angle) + a * math.sin(angle)]
            assert turned[0, 0, position, 2 * pair : 2 * pair + 2].tolist() == pytest.approx(expected, abs=1e-6)


def test_products_depend_on_the_distance_alone() -> None:
    rotary = Rotary(16)
    query, key = normal(2, 1, 1, 1, 16)

    def score(at: int, other: int) -> float:
        turned = [rotate(x, rotary.tables(1, offset=place)) for x, place in ((query, at), (key, other))]
        return float((turned[0] * turned[1]).sum())

    assert score(3, 10) == pytest.approx(score(103, 110), abs=1e-4)
    assert score(3, 10) != pytest.approx(score(3, 11), abs=1e-2)


def test_an_offset_moves_the_positions() -> None:
    rotary = Rotary(8)
    torch.testing.assert_close(rotary.tables(3, offset=4).cos, rotary.tables(7).cos[4:])


def test_only_the_first_heads_are_turned() -> None:
    x = normal(2, 3, 5, 8)
    tables = Rotary(8).tables(5)
    turned = rotate(x, tables, heads=1)
    assert torch.equal(turned[:, 1:], x[:, 1:])
    assert torch.equal(turned[:, :1], rotate(x, tables)[:, :1])


def test_tables_are_float32_whatever_the_module_is() -> None:
    rotary = Rotary(64)
    usual = rotary.tables(1500)
    half = rotary.half().tables(1500)
    assert half.cos.dtype == torch.float32
    assert torch.equal(half.sin, usual.sin)
    assert rotate(normal(1, 1, 1500, 64).half(), half).dtype == torch.float16


def test_the_buffer_is_the_formula_s() -> None:
    assert torch.equal(Rotary(32).inv_freq, frequencies(32))
    with torch.device("meta"):
        assert Rotary(32).inv_freq.shape == (16,)
