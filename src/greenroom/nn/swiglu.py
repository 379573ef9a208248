"""The gate of SwiGLU (arXiv 2002.05202)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor


def swiglu(gate: Tensor, value: Tensor) -> Tensor:
    """silu(gate) * value, written over the gate: the two are the largest tensors of a block. Both are contiguous."""
    if gate.is_cuda:
        from greenroom.nn.kernels import swiglu as kernel

        return kernel.swiglu(gate, value)
    return functional.silu(gate, inplace=True).mul_(value)


def swiglu_halves(both: Tensor) -> Tensor:
    """silu(first half) * second half, of the innermost axis. both: (..., 2 * width), contiguous, left as it is."""
    if both.is_cuda:
        from greenroom.nn.kernels import swiglu as kernel

        return kernel.swiglu_halves(both)
    gate, value = both.chunk(2, dim=-1)
    return functional.silu(gate).mul_(value)
