"""Sizes from the source to the networks and back. Equality with the original: test_engine."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.models.seedvr2.frames.framing import Framing
from greenroom.models.seedvr2.frames.preprocess import prepare
from greenroom.models.seedvr2.frames.sizes import MULTIPLE, Size
from tests.models.seedvr2.networks import normal


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70))
def test_all_of_the_picture_comes_back(height: int, width: int) -> None:
    framing = Framing.whole(Size(height, width))
    source = framing.source(torch.full((2, 9, 7, 3), 60.0), 255.0)
    filled = framing.filled(source)
    assert (filled.shape[1] % MULTIPLE, filled.shape[2] % MULTIPLE) == (0, 0)
    assert filled.shape[1] - height < MULTIPLE
    assert torch.equal(framing.emptied(filled), source)
    assert torch.equal(filled[:, -1, :width], source[:, -1])


def test_the_makers_way_is_that_of_the_preprocessing() -> None:
    frames = normal(2, 22, 30, 3).sigmoid() * 255
    framing = Framing.as_the_makers(Size(22, 30), Size(32, 48))
    made = framing.filled(framing.source(frames, 255.0))
    assert torch.equal(made, prepare(frames, Size(32, 48)))
    assert framing.kept == framing.inner
