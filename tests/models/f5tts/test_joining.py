"""Chunks join into one wave, the same whether they come at once or piece by piece."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.models.f5tts.joining import Joiner, cross_faded, join, restored


def ones(length: int, value: float = 1.0) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.full(length, value, np.float32)


def test_ramps_run_from_end_to_end() -> None:
    joined = cross_faded(ones(6), ones(6, 3.0), 5)
    assert joined.tolist() == [1.0, 1.0, 1.5, 2.0, 2.5, 3.0, 3.0]
    assert joined.dtype == np.float32


@pytest.mark.parametrize("overlap", [0, -5])
def test_without_an_overlap_chunks_follow_each_other(overlap: int) -> None:
    assert join([ones(3), ones(2, 2.0)], overlap).tolist() == [1, 1, 1, 2, 2]


def test_an_overlap_is_no_longer_than_either_side() -> None:
    assert len(join([ones(10), ones(4)], 6)) == 10
    assert len(join([ones(3), ones(10)], 6)) == 10
    assert join([], 6).tolist() == []
    assert join([ones(0), ones(2)], 6).tolist() == [1, 1]


chunk_lengths = st.lists(st.integers(0, 30), max_size=6)


@given(chunk_lengths, st.integers(0, 20), st.randoms())
def test_a_stream_is_the_whole_and_hands_on_all_that_is_final(lengths: list[int], overlap: int, random: object) -> None:
    rng = np.random.default_rng(len(lengths))
    waves = [rng.standard_normal(length).astype(np.float32) for length in lengths]
    whole = ones(0)
    for wave in waves:
        whole = cross_faded(whole, wave, overlap)
    joiner = Joiner(overlap)
    given_out = ones(0)
    for place, wave in enumerate(waves):
        given_out = np.concatenate([given_out, joiner.push(wave)])
        longest = len(join(waves[: place + 1], overlap))
        assert len(given_out) == max(longest - overlap, 0)
    np.testing.assert_array_equal(np.concatenate([given_out, joiner.flush()]), whole)
    assert not len(joiner.flush())


def test_nothing_fades_over_a_flush() -> None:
    joiner = Joiner(4)
    parts = [joiner.push(ones(6)), joiner.flush(), joiner.push(ones(6)), joiner.flush()]
    assert np.concatenate(parts).tolist() == [1.0] * 12


def test_only_what_was_raised_is_lowered_again() -> None:
    np.testing.assert_allclose(restored(ones(2), 0.03, 0.1), [0.3, 0.3], rtol=1e-6)
    assert restored(ones(2), 0.2, 0.1).tolist() == [1.0, 1.0]
    assert restored(ones(2), 0.03, 0.1).dtype == np.float32
