"""Adaptive norms of a transformer's stream, fused with the gated residual before them.

The arithmetic is DiT's (arXiv 2212.09748, section 3.2) on a root mean square norm: the stream is normed, scaled and
shifted for a branch, whose output is gated and added to the stream. On a GPU one pass does what would be three.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor


def norm_modulate(x: Tensor, scale: Tensor, shift: Tensor, eps: float) -> Tensor:
    """The root mean square norm of x, times scale, plus shift. x: (tokens, width).  scale, shift: (width,)."""
    if x.is_cuda:
        from greenroom.nn.kernels import adaptive_norm

        return adaptive_norm.norm_modulate(x, scale, shift, eps)
    return functional.rms_norm(x, scale.shape, scale, eps).add_(shift)


def add_norm_modulate(x: Tensor, branch: Tensor, gate: Tensor, scale: Tensor, shift: Tensor, eps: float) -> Tensor:
    """Add gate * branch to x where it lies, and give what ``norm_modulate`` does of the sum.

    x, branch: (tokens, width), x contiguous.  gate, scale, shift: (width,).
    """
    if x.is_cuda:
        from greenroom.nn.kernels import adaptive_norm

        return adaptive_norm.norm_modulate(x, scale, shift, eps, branch=branch, gate=gate)
    return norm_modulate(x.addcmul_(branch, gate), scale, shift, eps)
