"""The adaptive norm by its formula."""

from __future__ import annotations

import torch

from greenroom.nn.adaptive_norm import add_norm_modulate, norm_modulate

EPS = 1e-5


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


X, BRANCH, GATE, SCALE, SHIFT = normal(5, 24), normal(5, 24, seed=1), *(normal(24, seed=seed) for seed in (2, 3, 4))


def by_hand(x: torch.Tensor) -> torch.Tensor:
    return x / (x.square().mean(-1, keepdim=True) + EPS).sqrt() * SCALE + SHIFT


def test_the_norm_is_scaled_without_a_one() -> None:
    x = X.clone()
    torch.testing.assert_close(norm_modulate(x, SCALE, SHIFT, EPS), by_hand(X))
    assert torch.equal(x, X)


def test_the_branch_is_gated_and_stays_in_the_stream() -> None:
    x = X.clone()
    made = add_norm_modulate(x, BRANCH, GATE, SCALE, SHIFT, EPS)
    torch.testing.assert_close(x, X + GATE * BRANCH)
    torch.testing.assert_close(made, by_hand(X + GATE * BRANCH))
