"""The adaptive layer norm by its formula."""

from __future__ import annotations

import torch

from greenroom.nn.adaptive_layer_norm import Stream, Terms, add_gated, add_norm_modulate, norm_modulate

EPS = 1e-5


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


X, BRANCH = normal(2, 3, 24), normal(2, 3, 24, seed=1)
SHOWS = torch.tensor([[3, 0, 0], [2, 2, 1]], dtype=torch.int32)


def terms_of(count: int, seed: int = 2) -> Terms:
    return Terms(*normal(count, 3, 24, seed=seed).unbind(1))


def by_hand(x: torch.Tensor, terms: Terms, shows: torch.Tensor) -> torch.Tensor:
    normed = (x - x.mean(-1, keepdim=True)) / (x.var(-1, correction=0, keepdim=True) + EPS).sqrt()
    return normed * (1 + terms.scale[shows]) + terms.shift[shows]


def test_each_token_has_the_terms_that_it_shows() -> None:
    terms = terms_of(4)
    torch.testing.assert_close(norm_modulate(X, terms, SHOWS, EPS), by_hand(X, terms, SHOWS))
    torch.testing.assert_close(add_gated(X, BRANCH, terms, SHOWS), X + terms.gate[SHOWS] * BRANCH)


def test_one_may_be_for_all() -> None:
    terms, first = terms_of(1), torch.zeros_like(SHOWS)
    torch.testing.assert_close(norm_modulate(X, terms, None, EPS), by_hand(X, terms, first))
    torch.testing.assert_close(add_gated(X, BRANCH, terms, None), X + terms.gate * BRANCH)


def test_the_branch_is_gated_then_the_sum_is_normed() -> None:
    behind, ahead = terms_of(4), terms_of(4, seed=3)
    added, normed = add_norm_modulate(X, BRANCH, behind, ahead, SHOWS, EPS)
    torch.testing.assert_close(added, X + behind.gate[SHOWS] * BRANCH)
    torch.testing.assert_close(normed, by_hand(added, ahead, SHOWS))


def test_a_branch_may_still_lack_its_bias() -> None:
    behind, ahead, bias = terms_of(4), terms_of(4, seed=3), normal(24, seed=4)
    wanted = add_norm_modulate(X, BRANCH + bias, behind, ahead, SHOWS, EPS)
    torch.testing.assert_close(add_norm_modulate(X, BRANCH, behind, ahead, SHOWS, EPS, bias=bias), wanted)


def test_what_a_layer_answered_is_added_by_the_next_norm_or_in_the_end() -> None:
    behind, ahead, bias = terms_of(4), terms_of(4, seed=3), normal(24, seed=4)
    start = Stream(X, SHOWS)
    assert start.settled() is X
    same, normed = start.normed(ahead, EPS)
    assert same.x is X
    assert torch.equal(normed, norm_modulate(X, ahead, SHOWS, EPS))
    for lacks in (None, bias):
        waiting = start.plus(BRANCH, behind, lacks)
        added, wanted = add_norm_modulate(X, BRANCH, behind, ahead, SHOWS, EPS, bias=lacks)
        after, normed = waiting.normed(ahead, EPS)
        assert torch.equal(normed, wanted)
        assert torch.equal(after.settled(), added)
        torch.testing.assert_close(waiting.settled(), added)


def test_in_half_precision_it_is_rounded_once() -> None:
    half, terms = X.bfloat16(), Terms(*(term.bfloat16() for term in terms_of(4)))
    exact = norm_modulate(half.float(), Terms(*(term.float() for term in terms)), SHOWS, EPS)
    assert torch.equal(norm_modulate(half, terms, SHOWS, EPS), exact.bfloat16())
