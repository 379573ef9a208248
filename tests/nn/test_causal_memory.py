"""What is kept between slices, and for how long."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from greenroom.nn.causal_memory import CausalMemory

READER = nn.Identity()


def normal(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def test_a_window_begins_with_what_was_read_last() -> None:
    memory, clip = CausalMemory(), normal(7, 2, 2, 3)
    whole = []
    for piece in torch.split(clip, [4, 1, 2]):
        window = memory.open(READER, piece, 3, first=2, later=2)
        window.frames[:] = piece
        whole.append((window.start, memory.close(READER, window, 2)))
    assert [start for start, _ in whole] == [0, 4, 5]
    assert torch.equal(whole[0][1], clip[[0, 0, 0, 1, 2, 3]])
    assert torch.equal(whole[1][1], clip[2:5])
    assert torch.equal(whole[2][1], clip[3:7])


def test_nothing_is_kept_of_the_last_slice() -> None:
    memory, clip = CausalMemory(), normal(4, 2, 2, 3)
    for number, piece in enumerate(torch.split(clip, 2)):
        memory.last = number == 1
        window = memory.open(READER, piece, 3, first=2, later=2)
        window.frames[:] = piece
        memory.close(READER, window, 2)
        assert bool(memory.held) is (number == 0)


def test_readers_do_not_share() -> None:
    memory, other = CausalMemory(), nn.Identity()
    for reader, value in ((READER, 1.0), (other, 2.0)):
        window = memory.open(reader, torch.empty(1, 1, 1, 1), 1, first=2, later=1)
        window.frames[:] = value
        memory.close(reader, window, 1)
    assert memory.open(READER, torch.empty(1, 1, 1, 1), 1, first=2, later=1).whole[0] == 1.0
    assert memory.held == 2 * 4
