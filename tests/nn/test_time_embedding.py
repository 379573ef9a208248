"""The time as a vector."""

from __future__ import annotations

import math

import pytest
import torch

from greenroom.nn.time_embedding import TimeEmbedding, sinusoids


def test_sines_come_before_cosines_and_the_last_frequency_is_reached() -> None:
    out = sinusoids(torch.tensor([0.25]), 256)[0]
    assert out.shape == (256,)
    for place, frequency in ((0, 1.0), (64, math.exp(-64 * math.log(10_000) / 127)), (127, 1e-4)):
        assert float(out[place]) == pytest.approx(math.sin(250 * frequency), abs=1e-4)
        assert float(out[128 + place]) == pytest.approx(math.cos(250 * frequency), abs=1e-4)


def test_near_times_differ_in_half_precision_too() -> None:
    torch.manual_seed(0)
    embed = TimeEmbedding(32).half()
    near, next_to_it = embed(torch.tensor([0.9000, 0.9002]))
    assert near.dtype == torch.float16
    assert not torch.equal(near, next_to_it)


def test_its_names_are_the_published_ones() -> None:
    assert set(TimeEmbedding(32).state_dict()) == {
        "time_mlp.0.weight", "time_mlp.0.bias", "time_mlp.2.weight", "time_mlp.2.bias",
    }  # fmt: skip
