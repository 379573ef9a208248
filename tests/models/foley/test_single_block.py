"""A single block by its parts. Equality with the original: test_parity_denoiser."""

from __future__ import annotations

import torch

from greenroom.models.foley.rotary import turned
from greenroom.models.foley.single_block import SingleBlock
from tests.models.foley.networks import TINY, denoiser_of, normal

TURNS = turned(torch.arange(7), TINY.head_dim)


def block_of() -> SingleBlock:
    return denoiser_of().singles[0]


def test_terms_of_different_rows_may_be_handed_out() -> None:
    block, x = block_of(), normal(2, 7, TINY.width)
    rows, shows = normal(3, TINY.width, seed=1), torch.tensor([[0, 0, 1, 1, 1, 2, 2], [2, 2, 0, 0, 0, 1, 1]])
    wanted = block(x, block.terms(rows[shows]), TURNS)
    torch.testing.assert_close(block(x, block.terms(rows)[shows], TURNS), wanted)


def test_samples_share_the_terms_of_their_condition() -> None:
    block, x = block_of(), normal(4, 7, TINY.width)
    terms = block.terms(normal(2, 7, TINY.width, seed=1))
    wanted = block(x, terms.repeat_interleave(2, dim=0), TURNS)
    torch.testing.assert_close(block(x, terms, TURNS), wanted)


def test_each_token_is_modulated_by_its_own() -> None:
    block, x = block_of(), normal(1, 7, TINY.width)
    condition = normal(1, 7, TINY.width, seed=1)
    terms = block.terms(condition)
    without = terms.clone()
    without[:, 3, [2, 5]] = 0  # both gates
    out = block(x, without, TURNS)
    assert torch.equal(out[0, 3], x[0, 3])
    assert ((out - x)[0, 4].abs() > 1e-4).any()
