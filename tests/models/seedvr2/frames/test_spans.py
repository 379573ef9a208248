"""Frames joined and regrouped."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from greenroom.models.seedvr2.frames.spans import joined, regrouped
from greenroom.models.seedvr2.planning.way import Way
from greenroom.models.seedvr2.vae.overlap import cross_faded
from tests.models.seedvr2.networks import normal


def pieces(frames: Tensor, length: int) -> list[Tensor]:
    return list(torch.split(frames, length))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 16), st.integers(1, 7))
def test_windows_become_the_shot(frames: int, window: int, overlap: int, length: int) -> None:
    overlap = min(overlap, window - 1)
    spans = list(Way(window=window, overlap=overlap).spans(frames))
    assert spans[0][0] == 0
    assert spans[-1][1] == frames
    shot = normal(frames, 1, 1, 3)
    windows = [(stop - start, pieces(shot[start:stop], length)) for start, stop in spans]
    made = [torch.cat(list(each)) for each in joined(windows, overlap)]
    torch.testing.assert_close(torch.cat(made), shot)
    starts = [start for start, _ in spans]
    assert [sum(map(len, made[:number])) for number in range(len(made))] == starts


def test_one_window_fades_into_the_next() -> None:
    first, second = normal(5, 1, 1, 3), normal(6, 1, 1, 3, seed=1)
    windows = [(5, pieces(first, 2)), (6, pieces(second, 4))]
    made = torch.cat(list(chain.from_iterable(joined(windows, 3))))
    torch.testing.assert_close(made, torch.cat([first[:2], cross_faded(first[2:], second[:3]), second[3:]]))


def test_a_single_window_is_handed_on_as_it_comes() -> None:
    taken: list[int] = []

    def made() -> Iterator[Tensor]:
        for number, piece in enumerate(pieces(normal(4, 1, 1, 3), 1)):
            taken.append(number)
            yield piece

    following = chain.from_iterable(joined([(4, made())], 0))
    next(following)
    assert taken == [0]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=8), st.integers(1, 6))
def test_groups_do_not_depend_on_the_pieces(lengths: list[int], length: int) -> None:
    frames = torch.arange(sum(lengths))
    made = list(regrouped(torch.split(frames, lengths), length))
    assert torch.equal(torch.cat(made), frames)
    assert all(len(group) == length for group in made[:-1])
    assert 0 < len(made[-1]) <= length
