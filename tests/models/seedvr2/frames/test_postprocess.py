"""Frames after the decoder."""

from __future__ import annotations

import torch

from greenroom.models.seedvr2.frames.postprocess import to_whole


def test_every_value_comes_back() -> None:
    whole = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(to_whole(whole / 127.5 - 1), whole)
    ten = torch.arange(1024).to(torch.uint16)
    assert torch.equal(to_whole(ten.float() / 511.5 - 1, white=1023), ten)


def test_what_is_beyond_is_cut_and_halves_are_rounded_to_even() -> None:
    made = to_whole(torch.tensor([-3.0, -1.0, 0.0, 1.0, 1.7]))
    assert made.tolist() == [0, 0, 128, 255, 255]
    assert made.dtype == torch.uint8
    assert to_whole(torch.tensor([3.0]).bfloat16(), white=1023).tolist() == [1023]
