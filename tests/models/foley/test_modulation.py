"""Modulation by the formula."""

from __future__ import annotations

import torch
from torch.nn import functional

from greenroom.models.foley.modulation import Modulation, Terms, by_layer, gated, norm_modulate
from tests.models.foley.networks import normal


def test_vectors_come_layer_by_layer() -> None:
    layer, condition = Modulation(8, 2), normal(3, 5, 8)
    plain = layer.linear(functional.silu(condition)).chunk(6, dim=-1)
    own, mlp = by_layer(layer(condition))
    for ours, wanted in zip((*own, *mlp), plain, strict=True):
        assert torch.equal(ours, wanted)


def test_a_run_of_rows_has_the_same_terms() -> None:
    x, branch = normal(4, 5, 8), normal(4, 5, 8, seed=1)
    terms = Terms(*(normal(2, 5, 8, seed=seed) for seed in (2, 3, 4)))
    shift, scale, gate = (term.repeat_interleave(2, dim=0) for term in terms)
    normed = (x - x.mean(-1, keepdim=True)) / (x.var(-1, correction=0, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(norm_modulate(x, terms, 1e-5), normed * (1 + scale) + shift)
    torch.testing.assert_close(gated(x, branch, terms), x + branch * gate)


def test_terms_of_a_time_are_for_all_tokens_of_all_rows() -> None:
    x, terms = normal(4, 5, 8), Terms(*(normal(1, 1, 8, seed=seed) for seed in (2, 3, 4)))
    wide = Terms(*(term.expand(4, 5, 8) for term in terms))
    torch.testing.assert_close(norm_modulate(x, terms, 1e-6), norm_modulate(x, wide, 1e-6))


def test_in_half_precision_it_is_rounded_once() -> None:
    x, terms = normal(2, 5, 64).bfloat16(), Terms(*(normal(1, 1, 64, seed=seed).bfloat16() for seed in (2, 3, 4)))
    exact = norm_modulate(x.float(), Terms(*(term.float() for term in terms)), 1e-6)
    assert torch.equal(norm_modulate(x, terms, 1e-6), exact.bfloat16())
