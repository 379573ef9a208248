"""Clips in pieces: cut as they come, refined a few frames at a time."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from greenroom.nn.causal_memory import CausalMemory
from greenroom.nn.pieces import computing, cut, refined, split


def clip(frames: int) -> Tensor:
    return torch.arange(frames)[:, None]


@pytest.mark.parametrize("pieces", [[13], [1] * 13, [4, 6, 3]], ids=str)
def test_the_first_piece_has_one_frame_more(pieces: list[int]) -> None:
    made = list(cut(torch.split(clip(13), pieces), 4, 4))
    assert [(len(piece), last) for piece, last in made] == [(5, False), (4, False), (4, True)]
    assert torch.equal(torch.cat([piece for piece, _ in made]), clip(13))


@pytest.mark.parametrize("frames", [0, 2, 4, 8])
def test_a_clip_of_another_length_is_refused(frames: int) -> None:
    with pytest.raises(ValueError, match="4n \\+ 1"):
        list(cut([clip(frames)] if frames else [], 4, 4))


def test_what_is_over_comes_first() -> None:
    assert [len(part) for part in split(clip(9), 4)] == [1, 4, 4]
    assert [len(part) for part in split(clip(3), 4)] == [3]
    assert [len(part) for part in split(clip(8), 4)] == [4, 4]


class Doubling:
    """Notes whether the memory was told of the end."""

    def __init__(self) -> None:
        self.ends: list[bool] = []

    def rise(self, x: Tensor, memory: CausalMemory) -> Tensor:
        return x.repeat_interleave(2, 0)

    def fine(self, x: Tensor, memory: CausalMemory) -> Tensor:
        self.ends.append(memory.last)
        return x + 1


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("at_once", [1, 2, 4, 100])
def test_refined(at_once: int, last: bool) -> None:
    network = Doubling()
    made = list(refined(network, clip(5), at_once, CausalMemory(), doubles=True, last=last))
    assert all(len(piece) <= at_once for piece in made)
    assert torch.equal(torch.cat(made), clip(5).repeat_interleave(2, 0) + 1)
    assert network.ends == [False] * (len(made) - 1) + [last]


def test_nothing_that_was_made_is_held() -> None:
    pieces = refined(Doubling(), clip(4), 2, CausalMemory(), doubles=True, last=True)
    first = next(pieces)
    storage = first.untyped_storage()._cdata
    frame = pieces.gi_frame  # type: ignore[attr-defined]  # it is a generator
    held = [value for value in frame.f_locals.values() if isinstance(value, Tensor)]
    assert storage not in [tensor.untyped_storage()._cdata for tensor in held]


def test_choices_are_put_back() -> None:
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = True
    try:
        with computing():
            assert not torch.backends.cudnn.benchmark
            assert torch.is_inference_mode_enabled()
        assert torch.backends.cudnn.benchmark
    finally:
        torch.backends.cudnn.benchmark = before
