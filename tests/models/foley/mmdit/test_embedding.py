"""Embeddings by their formulas."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from greenroom.models.foley.mmdit.embedding import AudioIn, FinalLayer, TextIn, TimeIn, sinusoids, sync_in
from tests.models.foley.networks import TINY, normal


def test_cosines_come_first_and_the_longest_period_is_not_reached() -> None:
    at = torch.tensor([0.0, 1.0, 980.0])
    angles = at.double()[:, None] * torch.exp(-math.log(10_000) * torch.arange(128).double() / 128)
    wanted = torch.cat((angles.cos(), angles.sin()), dim=1)
    assert sinusoids(at).dtype == torch.float32
    torch.testing.assert_close(sinusoids(at).double(), wanted, atol=1e-4, rtol=0)


def test_the_time_is_known_exactly_in_half_precision_too() -> None:
    """Times near 1000 are rounded behind the sinusoids alone."""
    layer = TimeIn(32)
    at = torch.tensor([981.0])
    exact = layer(at)
    assert (layer.bfloat16()(at).float() - exact).abs().max() < 0.02


def test_latents_go_in_token_by_token() -> None:
    layer, latents = AudioIn(8, 32), normal(2, 8, 5)
    weight, bias = layer.proj.get_parameter("weight"), layer.proj.get_parameter("bias")
    torch.testing.assert_close(layer(latents)[1, 3], weight[:, :, 0] @ latents[1, :, 3] + bias)


def test_text_goes_through_two_layers() -> None:
    layer, features = TextIn(24, 32), normal(3, 24)
    first, second = layer.linear_1, layer.linear_2
    wanted = second(functional.silu(first(features)))
    torch.testing.assert_close(layer(features), wanted)


def test_sync_features_have_published_names() -> None:
    layer = sync_in(TINY)
    assert {name: tuple(t.shape) for name, t in layer.state_dict().items()} == {
        "0.weight": (32, 24),
        "0.bias": (32,),
        "2.w1.weight": (256, 32, 1),
        "2.w2.weight": (32, 256, 1),
        "2.w3.weight": (256, 32, 1),
    }


def test_the_outputs_modulation_has_no_effect() -> None:
    layer, x = FinalLayer(32, 8, 1e-6), normal(2, 5, 32)
    before = layer(x)
    with torch.no_grad():
        for parameter in layer.adaLN_modulation.parameters():
            parameter.fill_(7.0)
    assert torch.equal(layer(x), before)
    assert before.shape == (2, 8, 5)
