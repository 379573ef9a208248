"""A long stream by the formulas, and that it stays where it is."""

from __future__ import annotations

import pytest
import torch

from greenroom.nn.adaptive_layer_norm import Terms
from greenroom.nn.fp8_linear import Rows, rows_of
from greenroom.nn.long_stream import LongStream

EPS = 1e-5


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


X, BRANCH = normal(2, 5, 24)
AHEAD, GATE = Terms(*normal(3, 24, seed=1)), normal(24, seed=2)


def by_hand(x: torch.Tensor) -> torch.Tensor:
    normed = (x - x.mean(-1, keepdim=True)) / (x.var(-1, correction=0, keepdim=True) + EPS).sqrt()
    return normed * (1 + AHEAD.scale) + AHEAD.shift


def test_an_answer_waits_for_the_next_norm() -> None:
    x = X.clone()
    stream = LongStream(x)
    torch.testing.assert_close(stream.normed(AHEAD, EPS), by_hand(X))
    assert torch.equal(x, X)
    stream.plus(BRANCH, GATE)
    assert torch.equal(x, X)
    torch.testing.assert_close(stream.normed(AHEAD, EPS), by_hand(X + GATE * BRANCH))
    torch.testing.assert_close(x, X + GATE * BRANCH)
    assert stream.settled() is x


def test_what_waits_in_the_end_is_added() -> None:
    x = X.clone()
    stream = LongStream(x)
    stream.plus(BRANCH, GATE)
    assert stream.settled() is x
    torch.testing.assert_close(x, X + GATE * BRANCH)
    assert torch.equal(stream.settled(), x)


def test_the_first_tokens_are_left() -> None:
    stream = LongStream(X.clone())
    stream.plus(BRANCH, GATE)
    stream.cut(3)
    torch.testing.assert_close(stream.normed(AHEAD, EPS), by_hand(X + GATE * BRANCH)[:3])
    stream.cut(2)
    torch.testing.assert_close(stream.settled(), (X + GATE * BRANCH)[:2])


def test_what_a_layer_takes_may_be_in_eight_bits() -> None:
    made, wanted = LongStream(X.clone()).normed(AHEAD, EPS, small=True), rows_of(by_hand(X))
    assert isinstance(made, Rows)
    torch.testing.assert_close(made.dequantised(torch.float32), wanted.dequantised(torch.float32), rtol=0.13, atol=1e-6)


@pytest.mark.parametrize("waits", [True, False])
def test_in_half_precision_it_is_rounded_once(*, waits: bool) -> None:
    x, branch = X.bfloat16(), BRANCH.bfloat16()
    stream, exact = LongStream(x.clone()), x.float()
    if waits:
        stream.plus(branch, GATE)
        exact = (exact + GATE * branch.float()).bfloat16().float()
    torch.testing.assert_close(stream.normed(AHEAD, EPS), by_hand(exact).bfloat16())
