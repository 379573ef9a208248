"""Tokens beside their neighbours, so that a convolution along a sequence is one matrix product ("im2col")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor


def unfolded(x: Tensor, kernel: int) -> Tensor:
    """Each token with its neighbours on both sides, in their order; beyond both ends are zeros.

    x: (rows, tokens, width).  kernel: odd, how many tokens stand side by side.  Returns (rows, tokens,
    kernel * width).
    """
    if x.is_cuda:
        from greenroom.nn.kernels import unfolding as kernels

        return kernels.unfolded(x, kernel)
    beside = functional.pad(x, (0, 0, kernel // 2, kernel // 2)).unfold(1, kernel, 1)
    return beside.transpose(2, 3).contiguous().flatten(2)
