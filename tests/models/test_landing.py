"""Frames on their way from the device: as they came, a piece ahead, and none of which is no number."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from greenroom.models.landing import FramesNotFinite, landed, landed_together

YES, NO = torch.tensor(True), torch.tensor(False)


def pieces(asked: list[int], *finite: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    for number, each in enumerate(finite):
        asked.append(number)
        yield torch.full((2, 3, 4, 3), number, dtype=torch.uint8), each


def test_a_piece_is_asked_for_before_the_one_before_it_is_handed_on() -> None:
    asked: list[int] = []
    seen = [(len(asked), frames.shape, int(frames.max())) for frames in landed_together(pieces(asked, YES, YES, YES))]
    assert seen == [(2, (2, 3, 4, 3), 0), (3, (2, 3, 4, 3), 1), (3, (2, 3, 4, 3), 2)]


def test_they_come_one_by_one_too() -> None:
    assert [int(frame.max()) for frame in landed(pieces([], YES, YES))] == [0, 0, 1, 1]


def test_what_is_no_number_is_not_handed_on() -> None:
    frames = landed_together(pieces([], YES, NO))
    next(frames)
    with pytest.raises(FramesNotFinite):
        next(frames)
