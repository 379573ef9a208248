"""Places of a stretched sequence are torch's own, whatever a formula would say."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch.nn import functional

from greenroom.models.foley.mmdit.nearest import nearest
from tests.models.foley.networks import normal


@pytest.mark.parametrize(("source", "length"), [(8, 32), (184, 398), (16, 57), (1, 5), (7, 7), (9, 4)])
def test_it_picks_what_torch_picks(source: int, length: int) -> None:
    x = normal(1, 3, source)
    stretched = functional.interpolate(x, size=length, mode="nearest-exact")
    assert torch.equal(x[:, :, nearest(source, length)], stretched)


def test_a_formula_would_pick_another() -> None:
    source, length = 24, 74  # of a clip of 37 frames
    by_formula = [int((place + 0.5) * source / length) for place in range(length)]
    assert nearest(source, length).tolist() != by_formula


def test_what_is_stretched_and_shrunk_back_is_what_it_was() -> None:
    for length, source in product((1, 50, 57, 398, 498, 752), range(1, 122)):
        if source <= length:
            assert torch.equal(nearest(source, length)[nearest(length, source)], torch.arange(source))
