"""The gate of SwiGLU (arXiv 2002.05202)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn import functional

from greenroom.nn.unfolding import unfolded

if TYPE_CHECKING:
    from torch import Tensor


def swiglu(gate: Tensor, value: Tensor) -> Tensor:
    """silu(gate) * value, written over the gate: the two are the largest tensors of a block. Both are contiguous."""
    if gate.is_cuda:
        from greenroom.nn.kernels import swiglu as kernels

        return kernels.swiglu(gate, value)
    return functional.silu(gate, inplace=True).mul_(value)


def swiglu_halves(both: Tensor, kernel: int = 1) -> Tensor:
    """silu(first half) * second half, of the innermost axis, each token beside its neighbours (``unfolded``).

    both: (rows, tokens, 2 * width), contiguous, left as it is.  kernel: 1 for each token alone.
    """
    if both.is_cuda:
        from greenroom.nn.kernels import swiglu as kernels

        return kernels.swiglu_halves(both, kernel)
    gate, value = both.chunk(2, dim=-1)
    gated = functional.silu(gate).mul_(value)
    return gated if kernel == 1 else unfolded(gated, kernel)
