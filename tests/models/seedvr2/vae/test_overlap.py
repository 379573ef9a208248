"""Batches of time that overlap. Equality with the original: test_parity_vae."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from greenroom.models.seedvr2.vae.overlap import cross_faded, mirrored
from tests.models.seedvr2.networks import normal


@pytest.mark.parametrize("frames", [2, 3, 7])
def test_one_batch_fades_into_the_other(frames: int) -> None:
    before, after = normal(frames, 2, 2, 3), normal(frames, 2, 2, 3, seed=1)
    made = cross_faded(before, after)
    torch.testing.assert_close(made[0], before[0])
    torch.testing.assert_close(made[-1], after[-1])
    torch.testing.assert_close(cross_faded(before, before), before)


@given(st.integers(1, 40), st.integers(0, 60), st.booleans())
def test_a_batch_is_played_back_and_forth(frames: int, count: int, before: bool) -> None:
    places = mirrored(frames, count, before=before)
    own = places[len(places) - frames :] if before else places[:frames]
    assert own == list(range(frames))
    assert len(places) == frames + count if count else (len(places) - 1) % 4 == 0
    assert all(abs(one - other) <= 1 for one, other in pairwise(places))
