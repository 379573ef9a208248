"""Tokens beside their neighbours."""

from __future__ import annotations

import torch

from greenroom.nn.unfolding import unfolded


def test_each_stands_between_its_neighbours_and_beyond_both_ends_are_zeros() -> None:
    x = torch.tensor([[[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]], [[4.0, 40.0], [5.0, 50.0], [6.0, 60.0]]])
    made = unfolded(x, 3)
    assert made.tolist() == [
        [[0, 0, 1, 10, 2, 20], [1, 10, 2, 20, 3, 30], [2, 20, 3, 30, 0, 0]],
        [[0, 0, 4, 40, 5, 50], [4, 40, 5, 50, 6, 60], [5, 50, 6, 60, 0, 0]],
    ]
    assert made.is_contiguous()


def test_a_kernel_of_one_leaves_them_alone() -> None:
    x = torch.arange(12.0).view(2, 3, 2)
    assert torch.equal(unfolded(x, 1), x)
