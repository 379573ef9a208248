"""Noise of a seed."""

from __future__ import annotations

import torch

from greenroom.models.foley.draws import noise


def test_a_sample_is_the_same_however_many_are_made() -> None:
    three, one = noise(7, 3, 8, 40), noise(7, 1, 8, 40)
    assert torch.equal(three[:1], one)
    assert not torch.equal(three[0], three[1])
    assert not torch.equal(noise(8, 1, 8, 40), one)


def test_numbers_are_normal() -> None:
    drawn = noise(0, 2, 128, 400)
    assert drawn.dtype == torch.float32
    assert abs(float(drawn.mean())) < 0.01
    assert abs(float(drawn.std()) - 1) < 0.01
