"""A clip as windows."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.models.steadydancer.conditions.lengths import pictures_of
from greenroom.models.steadydancer.sampling.windows import LONGEST, OVERLAP, Window, sampled_length, windows

lengths = st.integers(2, 400)


@pytest.mark.parametrize(("length", "count"), [(2, 1), (21, 1), (22, 2), (37, 2), (38, 3), (53, 3), (75, 5)])
def test_as_few_as_hold_the_clip(length: int, count: int) -> None:
    assert len(windows(length)) == count
    assert sampled_length(length) == length + count - 1


@given(lengths)
def test_every_latent_is_in_a_window_of_the_length_that_was_learned(length: int) -> None:
    found = windows(length)
    assert found[0].start == 0
    assert found[0].head is None
    assert found[-1].stop == length
    assert {len(window.places) for window in found} == {min(length, LONGEST)}
    for before, after in pairwise(found):
        assert before.stop - after.start >= OVERLAP
        assert after.start > before.start
    assert sorted({place for window in found for place in window.places}) == list(range(sampled_length(length)))
    heads = [window.head for window in found[1:]]
    assert heads == list(range(length, sampled_length(length)))


@given(lengths)
def test_a_window_shows_poses_as_a_clip_of_its_own(length: int) -> None:
    for window in windows(length):
        assert len(window.pictures) == pictures_of(len(window.places))
        assert window.pictures[0] == 0
        own = window.pictures[1:]
        assert list(own) == list(range(own[0], own[-1] + 1))
        # Each latent has its four pictures, which are the clip's there.
        for place, latent in enumerate(window.places[1:]):
            assert own[place * 4 : place * 4 + 4] == tuple(range(latent * 4 - 3, latent * 4 + 1))
    assert windows(length)[-1].pictures[-1] == pictures_of(length) - 1


def test_a_second_window() -> None:
    window = windows(37)[1]
    assert window == Window(17, 37, 37)
    assert window.pictures == (0, *range(65, 145))
