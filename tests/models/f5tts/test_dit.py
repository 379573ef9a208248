"""The DiT's own parts. Equality with the original: test_parity."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch.nn import functional

from greenroom.models.f5tts.dit import AdaptiveNorm, modulated
from tests.models.f5tts.networks import BASE, V1, flow_of, normal

X, COND = normal(2, 30, 20, seed=1), normal(2, 30, 20, seed=2)
TEXT = torch.tensor([[3, 7, 1, 0, 9, -1], [5, 5, 8, 2, 2, 2]])
TIME = torch.tensor(0.4)


def test_modulation_is_a_norm_a_scale_and_a_shift() -> None:
    x = normal(1, 3, 8)
    norm = (x - x.mean(-1, keepdim=True)) / (x.var(-1, keepdim=True, correction=0) + 1e-6).sqrt()
    torch.testing.assert_close(modulated(x, torch.tensor(0.5), torch.tensor(2.0)), 3 * norm + 0.5)


def test_terms_come_in_the_order_of_the_rows() -> None:
    norm = AdaptiveNorm(4, terms=6)
    t = normal(3, 4)
    terms = norm.terms(t)
    assert terms.shape == (3, 6, 4)
    torch.testing.assert_close(terms[:, 2], functional.silu(t) @ norm.linear.weight[8:12].T + norm.linear.bias[8:12])


def test_one_modulation_a_time() -> None:
    network = flow_of(V1).transformer
    whole = network.condition(network.time_embed(torch.tensor([0.1, 0.7])))
    parts = network.split(whole)
    assert [part.final.shape[0] for part in parts] == [1, 1]
    assert torch.equal(torch.cat([part.blocks[1] for part in parts]), whole.blocks[1])


def test_how_many_heads_are_rotated_counts() -> None:
    outs = [flow_of(replace(BASE, pe_attn_head=heads)).transformer(X, COND, TEXT, TIME) for heads in (1, 2, None)]
    assert (outs[0] - outs[1]).abs().max() > 1e-3
    assert torch.equal(outs[1], outs[2])  # two heads are all of them


def test_a_long_skip_joins_the_embedded_input() -> None:
    network = flow_of(replace(V1, long_skip_connection=True)).transformer
    skip = network.state_dict()["long_skip_connection.weight"]
    assert skip.shape == (32, 64)
    usual = network(X, COND, TEXT, TIME)
    skip[:, 32:] = 0  # the half that sees the embedded input
    assert (network(X, COND, TEXT, TIME) - usual).abs().max() > 1e-3
