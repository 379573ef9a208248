"""The norm by length and what rides along with it, against its formula."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from greenroom.nn.channel_norm import Pending, add, normalise


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def pending(*, shift: bool = True, residual: bool = True) -> Pending:
    return Pending(
        normal(2, 3, 4, 6), normal(6, seed=1) if shift else None, normal(2, 3, 4, 6, seed=2) if residual else None
    )


def summed(given: Pending) -> Tensor:
    return sum((part for part in (given.shift, given.residual) if part is not None), given.x)


@pytest.mark.parametrize("silu", [True, False])
@pytest.mark.parametrize("shift", [True, False])
@pytest.mark.parametrize("residual", [True, False])
def test_norm_of_a_sum(silu: bool, shift: bool, residual: bool) -> None:
    given, gain = pending(shift=shift, residual=residual), normal(6, seed=3)
    total = summed(given)
    wanted = functional.normalize(total, dim=-1) * 6**0.5 * gain
    out, made = torch.empty_like(total), torch.empty_like(total)
    normalise(given, gain, out=out, total=made, silu=silu)
    torch.testing.assert_close(out, functional.silu(wanted) if silu else wanted)
    torch.testing.assert_close(made, total)


def test_a_sum_that_is_made_stands_for_its_parts() -> None:
    given = pending()
    total, into = summed(given), given.residual
    assert into is not None
    normalise(given, normal(6), out=torch.empty_like(total), total=into)
    assert (given.x is into, given.shift, given.residual) == (True, None, None)
    torch.testing.assert_close(given.x, total)
    add(given, given.x)
    torch.testing.assert_close(given.x, total)


def test_a_sum_that_nobody_reads_again_is_left() -> None:
    given = pending()
    x = given.x.clone()
    normalise(given, normal(6), out=torch.empty_like(x))
    assert given.residual is not None
    assert torch.equal(given.x, x)


def test_a_sum_alone() -> None:
    given = pending()
    total, out = summed(given), torch.empty(2, 3, 4, 6, dtype=torch.float64)
    add(given, out)
    assert given.x is out
    torch.testing.assert_close(out, total.double())


def test_zeros_stay_zeros() -> None:
    out = normal(1, 1, 1, 4)
    normalise(Pending(torch.zeros(1, 1, 1, 4)), normal(4), out=out)
    assert not out.any()


def test_half_precision_is_summed_in_float32() -> None:
    x, gain = torch.full((1, 1, 1, 64), 300.0, dtype=torch.float16), torch.ones(64)
    out = torch.empty_like(x)
    normalise(Pending(x), gain, out=out, silu=False)
    torch.testing.assert_close(out, torch.ones_like(x))
