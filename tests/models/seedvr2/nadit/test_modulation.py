"""Modulation by the formula."""

from __future__ import annotations

import torch

from greenroom.models.seedvr2.nadit.modulation import Modulation, OutputModulation, by_layer
from tests.models.seedvr2.networks import V2, normal


def test_the_embedding_has_the_feature_outermost() -> None:
    embedding = torch.arange(24.0)
    assert torch.equal(by_layer(embedding)[1, 2], torch.tensor([5.0, 11.0, 17.0, 23.0]))  # the MLP's gate


def test_a_block_adds_its_own_to_it() -> None:
    own, embedding = Modulation(4), normal(24)
    own.load_state_dict({name: normal(4, seed=seed) for seed, name in enumerate(own.state_dict())})
    terms = own(by_layer(embedding))
    assert torch.equal(terms.mlp.scale, embedding[4::6] + own.get_parameter("mlp_scale"))
    assert torch.equal(terms.attention.shift, embedding[0::6] + own.get_parameter("attn_shift"))
    assert sorted(own.state_dict()) == sorted(
        f"{layer}_{vector}" for layer in ("attn", "mlp") for vector in ("shift", "scale", "gate")
    )


def test_in_half_precision_it_is_rounded_once() -> None:
    own = Modulation(64).bfloat16()
    embedding = by_layer(normal(6 * 64).bfloat16())
    for vector in (*own(embedding).attention, *own(embedding).mlp):
        assert vector.dtype == torch.bfloat16
    shift = own.get_parameter("attn_shift")
    assert torch.equal(own(embedding).attention.shift, (embedding[0, 0] + shift.float()).bfloat16())


def test_the_output_gets_what_a_blocks_attention_gets() -> None:
    out, embedding, x = OutputModulation(V2), by_layer(normal(6 * V2.width)), normal(3, V2.width)
    torch.testing.assert_close(out(x, embedding), x * embedding[0, 1] + embedding[0, 0])
