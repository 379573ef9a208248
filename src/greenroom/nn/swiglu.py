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
